/** Snapshots: single pictures of streams and of footage as JPEG. */
export {
  SnapshotService,
  type RecordedMoment,
  type SnapshotLimits,
  type SnapshotOutcome,
} from './snapshot-service.ts';
export { findFootage } from './footage.ts';
