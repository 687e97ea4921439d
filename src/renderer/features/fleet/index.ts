export { trustNewKeys } from './actions.ts';
export {
  conditionAgeMs,
  conditionGroup,
  conditionGroups,
  conditionTone,
  hasChangedKey,
  mainStream,
} from './camera-condition.ts';
export { flowColumns } from './camera-columns.ts';
export type { CameraCondition, ConditionGroup } from './camera-condition.ts';
export { CameraBadge, NodeBadge, cameraWords, nodeWords } from './condition-badges.tsx';
export { summarizeDisk, summarizeSite, volumeTrouble } from './disk.ts';
export type { DiskSummary } from './disk.ts';
export { isUnfinished, nodeCondition, nodeTone } from './node-condition.ts';
export type { NodeCondition, TroubledVolume } from './node-condition.ts';
export { noLoad, upVolumes } from './overview.ts';
export type { CameraRow, NodeLoad } from './overview.ts';
export { followFleet, useFleet } from './store.ts';
export { useCameraRows, useNodeLoads } from './use-rows.ts';
