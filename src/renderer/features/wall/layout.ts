import type { WallLayout } from '../../../shared/contract/index.ts';
import type { StreamName } from '../../../shared/engine-api/camera.ts';

export type TileCount = WallLayout['tileCount'];
export const tileCounts: readonly TileCount[] = [1, 4, 9, 16];

export const emptyLayout: WallLayout = { tileCount: 9, cameraIds: [] };

/** What one position shows; `null` is an empty tile. */
export type TileContent = string | null;

/** The tiles of the arranged page, exactly `tileCount` of them. Cameras that the site no longer has leave a gap. */
export function arrangedTiles(layout: WallLayout, known: ReadonlySet<string>): readonly TileContent[] {
  return Array.from({ length: layout.tileCount }, (_, position) => {
    const cameraId = layout.cameraIds[position];
    return cameraId !== undefined && cameraId !== null && known.has(cameraId) ? cameraId : null;
  });
}

/**
 * All pages of the wall: first the one the person arranged, then the cameras that found no place on it, in the order
 * given. Cameras beyond the first page need no arranging to be looked at.
 */
export function wallPages(
  layout: WallLayout,
  cameraIds: readonly string[],
): readonly (readonly TileContent[])[] {
  const first = arrangedTiles(layout, new Set(cameraIds));
  const placed = new Set(first);
  const rest = cameraIds.filter((id) => !placed.has(id));
  const pages: (readonly TileContent[])[] = [first];
  for (let start = 0; start < rest.length; start += layout.tileCount) {
    pages.push(Array.from({ length: layout.tileCount }, (_, offset) => rest[start + offset] ?? null));
  }
  return pages;
}

function padded(layout: WallLayout): (string | null)[] {
  return Array.from({ length: 16 }, (_, position) => layout.cameraIds[position] ?? null);
}

/** Puts a camera on a tile; a camera is on the wall once, so it leaves its old tile. */
export function placeCamera(layout: WallLayout, position: number, cameraId: TileContent): WallLayout {
  const cameraIds = padded(layout).map((id) => (cameraId !== null && id === cameraId ? null : id));
  cameraIds[position] = cameraId;
  return { ...layout, cameraIds };
}

export function swapTiles(layout: WallLayout, a: number, b: number): WallLayout {
  const cameraIds = padded(layout);
  [cameraIds[a], cameraIds[b]] = [cameraIds[b] ?? null, cameraIds[a] ?? null];
  return { ...layout, cameraIds };
}

/** The smallest grid that shows all of them, up to 16, with the cameras in the order given. */
export function fillWith(cameraIds: readonly string[]): WallLayout {
  const tileCount = tileCounts.find((count) => count >= cameraIds.length) ?? 16;
  return { tileCount, cameraIds: cameraIds.slice(0, 16) };
}

/** Main where there is room for its pixels, sub on the dense grids. */
export function streamFor(tileCount: TileCount, hasSub: boolean): StreamName {
  return tileCount <= 4 || !hasSub ? 'main' : 'sub';
}
