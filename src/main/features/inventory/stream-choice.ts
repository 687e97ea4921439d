import type { CameraProfile } from '../../../shared/contract/index.ts';

export interface StreamChoice {
  readonly main: CameraProfile;
  readonly sub?: CameraProfile;
}

/** Narrower pictures are of no use in a tile. */
const minimumSubWidth = 320;

/**
 * Main is the largest picture, sub the smallest that is still fit for a tile; both H.264 when there is any, since that is
 * what plays everywhere. Undefined for no profiles.
 */
export function chooseStreams(profiles: readonly CameraProfile[]): StreamChoice | undefined {
  const playable = profiles.filter(({ encoding }) => /^h\.?264$/i.test(encoding));
  const bySize = (playable.length > 0 ? playable : profiles).toSorted(
    (a, b) => pixels(b) - pixels(a) || (b.bitrateKbps ?? 0) - (a.bitrateKbps ?? 0),
  );
  const main = bySize[0];
  if (!main) return undefined;
  const smaller = bySize.filter(
    (profile) => pixels(profile) < pixels(main) && profile.streamUri !== main.streamUri,
  );
  const sub = smaller.findLast(({ width }) => width >= minimumSubWidth) ?? smaller[0];
  return sub ? { main, sub } : { main };
}

function pixels({ width, height }: CameraProfile): number {
  return width * height;
}
