import type { CameraTask } from './camera-task.ts';
import { isSameSource } from './stream-source.ts';

export interface CameraSetChange {
  readonly removed: readonly string[];
  readonly added: readonly CameraTask[];
  /** Cameras of which something is different that the engine acts on. */
  readonly changed: readonly CameraTask[];
}

/** What is to be done to get from one list of cameras to another without touching those that stay as they are. */
export function cameraSetChange(
  before: readonly CameraTask[],
  after: readonly CameraTask[],
): CameraSetChange {
  const former = new Map(before.map((camera) => [camera.id, camera]));
  const wanted = new Set(after.map(({ id }) => id));
  return {
    removed: before.flatMap(({ id }) => (wanted.has(id) ? [] : [id])),
    added: after.filter(({ id }) => !former.has(id)),
    changed: after.filter((camera) => {
      const known = former.get(camera.id);
      return known !== undefined && !isSameTask(known, camera);
    }),
  };
}

function isSameTask(one: CameraTask, other: CameraTask): boolean {
  return (
    one.record === other.record && isSameSource(one.main, other.main) && isSameSource(one.sub, other.sub)
  );
}
