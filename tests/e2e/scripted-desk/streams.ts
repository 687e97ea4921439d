import type {
  CameraHealth,
  Camera,
  InventoryEvent,
  NodeHealth,
  SiteNode,
} from '../../../src/shared/contract/index.ts';
import type { World } from './world.ts';

/** What is in `now` and was not in `before`, told apart by identity: a world is changed by replacing its parts. */
function newIn<T>(now: readonly T[], before: readonly T[] | undefined): T[] {
  const known = new Set(before);
  return now.filter((item) => !known.has(item));
}

function goneFrom(
  now: readonly { readonly id: string }[],
  before: readonly { readonly id: string }[],
): string[] {
  const kept = new Set(now.map(({ id }) => id));
  return before.map(({ id }) => id).filter((id) => !kept.has(id));
}

/** Everything first, then only what changed, as the real inventory does. */
export async function* inventoryEvents(worlds: AsyncIterable<World>): AsyncGenerator<InventoryEvent, void> {
  let before: { readonly cameras: readonly Camera[]; readonly nodes: readonly SiteNode[] } | undefined;
  for await (const { cameras, nodes } of worlds) {
    if (before === undefined) {
      yield { kind: 'snapshot', cameras: [...cameras], nodes: [...nodes] };
    } else {
      const events: readonly InventoryEvent[] = [
        { kind: 'nodes', nodes: newIn(nodes, before.nodes) },
        { kind: 'cameras', cameras: newIn(cameras, before.cameras) },
        { kind: 'cameras-removed', ids: goneFrom(cameras, before.cameras) },
        { kind: 'nodes-removed', ids: goneFrom(nodes, before.nodes) },
      ];
      for (const event of events) if (sizeOf(event) > 0) yield event;
    }
    before = { cameras, nodes };
  }
}

function sizeOf(event: InventoryEvent): number {
  switch (event.kind) {
    case 'snapshot':
      return Number.POSITIVE_INFINITY;
    case 'cameras':
      return event.cameras.length;
    case 'nodes':
      return event.nodes.length;
    case 'cameras-removed':
    case 'nodes-removed':
      return event.ids.length;
  }
}

interface FleetEvent {
  readonly atUtcMs: number;
  readonly nodes: NodeHealth[];
  readonly cameras: CameraHealth[];
}

/** Everything first, then only what changed, as the real fleet does. */
export async function* fleetEvents(worlds: AsyncIterable<World>): AsyncGenerator<FleetEvent, void> {
  let before: World | undefined;
  for await (const world of worlds) {
    const nodes = newIn(world.nodeHealth, before?.nodeHealth);
    const cameras = newIn(world.cameraHealth, before?.cameraHealth);
    if (before === undefined || nodes.length + cameras.length > 0) {
      yield { atUtcMs: Date.now(), nodes, cameras };
    }
    before = world;
  }
}

/** `map` of each state, without repeats. */
export async function* mapped<T, U>(source: AsyncIterable<T>, map: (value: T) => U): AsyncGenerator<U, void> {
  let last: U | undefined;
  for await (const value of source) {
    const next = map(value);
    if (next !== last) yield next;
    last = next;
  }
}
