import type { VolumeStatus } from '../../../shared/engine-api/volumes.ts';

/** All recording volumes of a node together. */
export interface DiskSummary {
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** Free space that recording may still use. */
  readonly usableBytes: number;
  /** How long that lasts at the present rate; absent when nothing is written. */
  readonly lastsMs?: number;
}

/** `writeBps`: what its cameras send now, bits per second. */
export function summarizeDisk(volumes: readonly VolumeStatus[], writeBps: number): DiskSummary {
  let totalBytes = 0;
  let freeBytes = 0;
  let usableBytes = 0;
  for (const volume of volumes) {
    totalBytes += volume.totalBytes;
    freeBytes += volume.freeBytes;
    usableBytes += Math.max(0, volume.freeBytes - volume.reserveBytes);
  }
  const summary = { totalBytes, freeBytes, usableBytes };
  return writeBps > 0 ? { ...summary, lastsMs: (usableBytes * 8 * 1000) / writeBps } : summary;
}
