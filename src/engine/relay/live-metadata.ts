import { decodeAmf0 } from '../rtmp/amf0.ts';

/** What a slave says about its stream in `onMetaData`, as far as a master has use for it. */
export interface LiveMetadata {
  readonly hasSound: boolean;
  /** Why there is no sound, a sentence for people. */
  readonly soundObstacle: string | undefined;
  /** From the beginning of the stream: what was sent at once to a newcomer. Live is what follows. */
  readonly greetingBytes: number | undefined;
}

/** A slave has a sentence or two to say. */
const LONGEST_OBSTACLE = 500;

/** Reads the body of a script tag (Adobe Flash Video File Format Specification 10.1 §E.5); undefined for any other. */
export function readLiveMetadata(payload: Uint8Array): LiveMetadata | undefined {
  const [name, properties] = decodeAmf0(payload) ?? [];
  if (name !== 'onMetaData' || !(properties instanceof Map)) return undefined;
  const obstacle: unknown = properties.get('soundobstacle');
  const greetingBytes: unknown = properties.get('greetingbytes');
  const isLength =
    typeof greetingBytes === 'number' && Number.isSafeInteger(greetingBytes) && greetingBytes > 0;
  return {
    hasSound: properties.has('audiocodecid'),
    soundObstacle: typeof obstacle === 'string' ? obstacle.slice(0, LONGEST_OBSTACLE) : undefined,
    greetingBytes: isLength ? greetingBytes : undefined,
  };
}
