import { conditionGroup } from '../fleet/index.ts';
import type { CameraRow, ConditionGroup } from '../fleet/index.ts';

/** What the person wants to see. */
export interface CameraFilter {
  readonly text: string;
  readonly group: ConditionGroup | 'all';
  readonly nodeId: string | undefined;
}

/** Every word must be in the name, address, model or node. */
export function filterCameras(rows: readonly CameraRow[], filter: CameraFilter): readonly CameraRow[] {
  const words = filter.text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(({ camera, condition, nodeName }) => {
    if (filter.group !== 'all' && conditionGroup(condition) !== filter.group) return false;
    if (filter.nodeId !== undefined && camera.nodeId !== filter.nodeId) return false;
    if (words.length === 0) return true;
    const haystack = [camera.name, camera.address, camera.manufacturer, camera.model, nodeName]
      .join(' ')
      .toLocaleLowerCase();
    return words.every((word) => haystack.includes(word));
  });
}
