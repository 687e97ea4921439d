import type { LiveSound } from '../../shared/engine-api/index.ts';
import { flvSoundObstacle } from '../media/flv/index.ts';
import type { StreamDescription } from '../media/sample.ts';

/** What live viewers hear of a stream. */
export function liveSoundOf(description: StreamDescription, canConvert: boolean): LiveSound {
  const { audio } = description;
  if (audio?.codec === 'aac') return { kind: 'direct' };
  if (audio !== undefined && canConvert) return { kind: 'on-request' };
  const detail = flvSoundObstacle(description);
  return detail === undefined ? { kind: 'none' } : { kind: 'unavailable', detail };
}
