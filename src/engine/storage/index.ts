export { NewerDatabaseError } from './database.ts';
export type { Outcome, StorageFailure } from './failure.ts';
export { createSegmentStore, type SegmentStoreOptions } from './local-segment-store.ts';
export { openLocalVolume } from './local-volume.ts';
export type { ReconcileReport } from './reconcile.ts';
export type { SegmentIndex, SegmentRange, SegmentRow } from './segment-index.ts';
export {
  defaultStorageLimits,
  type SegmentOpening,
  type SegmentStore,
  type SegmentWriter,
  type StorageLimits,
  type StoredPart,
} from './segment-store.ts';
export { openSqliteSegmentIndex } from './sqlite-segment-index.ts';
export type { RecoverableFile, SegmentFile, Volume, VolumeSpace } from './volume.ts';
