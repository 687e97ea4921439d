/** A volume that takes footage now, as the choice among them needs to know it. */
export interface PlaceableVolume {
  readonly name: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly reserveBytes: number;
  readonly quotaBytes?: number | undefined;
  readonly storedBytes: number;
  /** Segments being written there. */
  readonly openSegments: number;
}

export interface PlacementWish {
  /** The volume the camera was given. */
  readonly preferred?: string | undefined;
  /** Where its last segment went. */
  readonly current?: string | undefined;
}

/** Volumes whose free shares differ by less than this count as equally free, so that cameras do not wander for nothing. */
const toleratedDifference = 0.05;

/**
 * Where a camera's next segment goes: to the volume it was given; else to the one with the largest free share. Among those about
 * equally free it stays where it is, and a camera that comes anew goes where the fewest are written to, so that cameras which
 * start together spread. `undefined` when there is none.
 */
export function choosePlacement<Volume extends PlaceableVolume>(
  volumes: readonly Volume[],
  { preferred, current }: PlacementWish,
): Volume | undefined {
  const given = volumes.find(({ name }) => name === preferred);
  if (given !== undefined) return given;
  const largest = Math.max(...volumes.map(freeShare));
  const equals = volumes.filter((volume) => freeShare(volume) >= largest - toleratedDifference);
  return equals.find(({ name }) => name === current) ?? equals.toSorted(byLoad)[0];
}

/** What may still be written, as a share of what there is room for at all: 0 to 1. */
export function freeShare(volume: PlaceableVolume): number {
  const { totalBytes, freeBytes, reserveBytes, quotaBytes = Infinity, storedBytes } = volume;
  const roomBytes = Math.min(totalBytes - reserveBytes, quotaBytes);
  if (roomBytes <= 0) return 0;
  return Math.max(0, Math.min(freeBytes - reserveBytes, quotaBytes - storedBytes)) / roomBytes;
}

function byLoad(one: PlaceableVolume, other: PlaceableVolume): number {
  return (
    one.openSegments - other.openSegments ||
    freeShare(other) - freeShare(one) ||
    one.name.localeCompare(other.name)
  );
}
