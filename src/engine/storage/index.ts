export { failed, indexObstacle, type Outcome, type StorageFailure } from './failure.ts';
export { latencyBoundsMs } from './latency-histogram.ts';
export { FootageLocks, LockFileContent, type LockOutcome } from './footage-locks.ts';
export {
  checkFootage,
  type FootageCheckTotals,
  type FootageFinding,
  type FootageFindingKind,
} from './footage-check.ts';
export { checkIndexFile, openFootageIndex, type FootageIndexOptions } from './footage-index.ts';
export { forgetDamage, IndexDamage, putIndexAside, salvageGaps } from './index-damage.ts';
export { IndexHealth } from './index-health.ts';
export { createGapLog, type CameraPast, type GapLog } from './gap-log.ts';
export { createSegmentStore } from './local-segment-store.ts';
export { openLocalVolume } from './local-volume.ts';
export { openLocalVolumeMarker } from './local-volume-marker.ts';
export { NewerDatabaseError } from './newer-database-error.ts';
export type { ReconcileReport } from './reconcile.ts';
export type { LockedRange, SegmentContent, SegmentIndex } from './segment-index.ts';
export type { VolumeAccess } from './recording-volume.ts';
export {
  defaultStorageLimits,
  type CameraStorage,
  type SegmentStore,
  type SegmentWriter,
  type StorageConfig,
  type StorageLimits,
} from './segment-store.ts';
export type { SqlMeter } from './sql-connection.ts';
export { openEmptyIndex, openSqliteSegmentIndex, type FootageIndex } from './sqlite-segment-index.ts';
export { readTimeline } from './timeline.ts';
export type { StoredFile } from './stored-file.ts';
export { defaultGuardLimits, type GuardLimits } from './volume-guard.ts';
export { newIdentity, recogniseVolume, type KnownVolumes, type VolumeMarker } from './volume-identity.ts';
export type { VolumeMeter } from './volume-meter.ts';
export type { SegmentFile, Volume } from './volume.ts';
