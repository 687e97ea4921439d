import type { CameraFootage, CameraId } from '../../shared/engine-api/index.ts';
import type { StoredTotal } from './segment-index.ts';

/** Sums over volumes, in the order of the cameras' ids. */
export function footageByCamera(totals: readonly StoredTotal[]): CameraFootage[] {
  const byCamera = new Map<CameraId, CameraFootage>();
  for (const { cameraId, byteLength, segmentCount, oldestUtcMs } of totals) {
    const former = byCamera.get(cameraId);
    byCamera.set(cameraId, {
      cameraId,
      storedBytes: (former?.storedBytes ?? 0) + byteLength,
      segments: (former?.segments ?? 0) + segmentCount,
      oldestUtcMs: Math.min(former?.oldestUtcMs ?? Infinity, oldestUtcMs),
    });
  }
  return [...byCamera.values()].toSorted((one, other) => one.cameraId.localeCompare(other.cameraId));
}
