import type { EngineEvent, EngineState } from '../../shared/engine-api/index.ts';

/** Say more about a state but change while it stays the same one: the seconds a disk has not answered, the file in hand. */
const incidental = new Set(['detail', 'segmentId']);

/** The events that lead from one state to another. */
export function stateChanges(before: EngineState, after: EngineState): EngineEvent[] {
  const cameras = keyed(before.cameras, ({ id }) => id);
  const volumes = keyed(before.volumes, ({ name }) => name);
  const events: EngineEvent[] = [];
  if (after.configVersion !== before.configVersion) {
    events.push({ kind: 'config', version: after.configVersion });
  }
  for (const camera of after.cameras) {
    if (!isSame(cameras.get(camera.id), camera)) events.push({ kind: 'camera', camera });
    cameras.delete(camera.id);
  }
  for (const id of cameras.keys()) events.push({ kind: 'camera-removed', id });
  for (const volume of after.volumes) {
    if (!isSame(volumes.get(volume.name), volume)) events.push({ kind: 'volume', volume });
    volumes.delete(volume.name);
  }
  for (const name of volumes.keys()) events.push({ kind: 'volume-removed', name });
  return events;
}

function keyed<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item> {
  return new Map(items.map((item) => [keyOf(item), item]));
}

function isSame(before: object | undefined, after: object): boolean {
  return before !== undefined && essence(before) === essence(after);
}

function essence(state: object): string {
  return JSON.stringify(state, (key, value: unknown) => (incidental.has(key) ? undefined : value));
}
