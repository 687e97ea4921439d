import type { VolumeState, VolumeStatus } from '../../../shared/engine-api/volumes.ts';

/** A volume's state in which it takes no footage although it should. */
export type VolumeTrouble = Exclude<VolumeState, { kind: 'ok' | 'opening' }>;

/** All recording volumes of a node together. */
export interface DiskSummary {
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** What recording may still use before the oldest footage is deleted; of volumes that take footage now. */
  readonly usableBytes: number;
  /** The oldest footage goes as new footage comes, as on every recorder that has run for long enough. */
  readonly isRotating: boolean;
  /** How long `usableBytes` last at the present rate; absent when nothing is written, or old footage goes already. */
  readonly lastsMs?: number;
}

/** Engines delete before the reserve is reached, half a gibibyte at a time. */
const rotatesBelowBytes = 2 * 1024 ** 3;

/** `writeBps`: what its cameras send now, bits per second. */
export function summarizeDisk(volumes: readonly VolumeStatus[], writeBps: number): DiskSummary {
  let totalBytes = 0;
  let freeBytes = 0;
  let usableBytes = 0;
  let canGrow = false;
  let isUsed = false;
  for (const volume of volumes) {
    totalBytes += volume.totalBytes;
    freeBytes += volume.freeBytes;
    if (volume.state.kind !== 'ok') continue;
    const usable = usableOf(volume);
    usableBytes += usable;
    canGrow ||= usable >= rotatesBelowBytes;
    isUsed ||= volume.storedBytes > 0;
  }
  const isRotating = isUsed && !canGrow;
  const summary = { totalBytes, freeBytes, usableBytes, isRotating };
  return writeBps > 0 && usableBytes > 0 && !isRotating
    ? { ...summary, lastsMs: (usableBytes * 8 * 1000) / writeBps }
    : summary;
}

/** The disks of all nodes together. A camera's footage stays on its node, so the node that is full first counts. */
export function summarizeSite(nodes: readonly DiskSummary[]): DiskSummary {
  const sum = (figure: 'totalBytes' | 'freeBytes' | 'usableBytes'): number =>
    nodes.reduce((total, node) => total + node[figure], 0);
  const lasts = nodes.flatMap(({ lastsMs }) => (lastsMs === undefined ? [] : [lastsMs]));
  return {
    totalBytes: sum('totalBytes'),
    freeBytes: sum('freeBytes'),
    usableBytes: sum('usableBytes'),
    isRotating: lasts.length === 0 && nodes.some(({ isRotating }) => isRotating),
    ...(lasts.length === 0 ? {} : { lastsMs: Math.min(...lasts) }),
  };
}

function usableOf({ freeBytes, reserveBytes, quotaBytes, storedBytes }: VolumeStatus): number {
  const space = freeBytes - reserveBytes;
  return Math.max(0, quotaBytes === undefined ? space : Math.min(space, quotaBytes - storedBytes));
}

export function volumeTrouble({ state }: VolumeStatus): VolumeTrouble | undefined {
  return state.kind === 'ok' || state.kind === 'opening' ? undefined : state;
}
