import type { CameraHealth } from '../../../shared/contract/index.ts';
import type { StreamName } from '../../../shared/engine-api/camera.ts';

/** What the single view can do about a camera's sound. */
export type TileSound =
  /** The camera sends none, or nothing is known of it. */
  | { readonly kind: 'none' }
  | { readonly kind: 'playable' }
  /** In a format that windows play only when the node converts it, which it does while somebody listens. */
  | { readonly kind: 'convertible' }
  /** `detail`: why, and the remedy, in the engine's words. */
  | { readonly kind: 'unavailable'; readonly detail: string };

export function tileSound(health: CameraHealth | undefined, stream: StreamName): TileSound {
  const sound = health?.state.kind === 'reported' ? health.state[stream]?.liveSound : undefined;
  switch (sound?.kind) {
    case undefined:
    case 'none':
      return { kind: 'none' };
    case 'direct':
      return { kind: 'playable' };
    case 'on-request':
      return { kind: 'convertible' };
    case 'unavailable':
      return sound;
  }
}
