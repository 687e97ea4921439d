import type { Clock } from '../../shared/domain/clock.ts';
import type { JoinableStream } from '../live/index.ts';
import type { Interruption, Sample, StreamDescription, StreamSubscriber } from '../media/sample.ts';
import type { VideoTrack } from '../media/sample.ts';

export interface Keyframe {
  readonly track: VideoTrack;
  /** A copy: NAL units, each after its 4-byte length. */
  readonly data: Uint8Array;
}

/** The newest sync picture of a stream, or the next one; undefined when none comes in time or the stream ends. */
export async function newestKeyframe(
  stream: JoinableStream,
  clock: Clock,
  timeoutMs: number,
): Promise<Keyframe | undefined> {
  const waiter = new KeyframeWaiter();
  const patience = clock.after(timeoutMs, () => waiter.resolve(undefined));
  const membership = stream.join(waiter);
  const keyframe = await waiter.promise;
  membership[Symbol.dispose]();
  patience[Symbol.dispose]();
  return keyframe;
}

class KeyframeWaiter implements StreamSubscriber {
  readonly promise: Promise<Keyframe | undefined>;
  readonly resolve: (keyframe: Keyframe | undefined) => void;
  #track: VideoTrack | undefined;
  #hasOne = false;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<Keyframe | undefined>();
    this.promise = promise;
    this.resolve = resolve;
  }

  onDescription({ video }: StreamDescription): void {
    this.#track = video;
  }

  onSample({ track, data }: Sample): void {
    // A stream begins with a sync picture.
    if (this.#hasOne || track !== 'video' || this.#track === undefined) return;
    this.#hasOne = true;
    this.resolve({ track: this.#track, data: new Uint8Array(data) });
  }

  onInterruption({ kind }: Interruption): void {
    if (kind === 'stopped') this.resolve(undefined);
  }
}
