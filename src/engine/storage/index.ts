export { NewerDatabaseError } from './database.ts';
export type { Outcome, StorageFailure } from './failure.ts';
export { createSegmentStore } from './local-segment-store.ts';
export { openLocalVolume } from './local-volume.ts';
export type { ReconcileReport } from './reconcile.ts';
export type { SegmentIndex } from './segment-index.ts';
export {
  defaultStorageLimits,
  type SegmentStore,
  type SegmentWriter,
  type StorageLimits,
} from './segment-store.ts';
export { openSqliteSegmentIndex } from './sqlite-segment-index.ts';
export type { SegmentFile, Volume } from './volume.ts';
