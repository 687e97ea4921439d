import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { GopBudget, GopCache, StreamFanout } from '../live/index.ts';
import type { JoinableStream } from '../live/index.ts';
import { isSameAudio } from '../media/audio.ts';
import type { Interruption, Sample, StreamDescription, StreamSubscriber } from '../media/sample.ts';
import type { SoundConversions } from './sound-conversions.ts';
import { convertible } from './sound-converter.ts';
import type { ConvertibleTrack, SoundConverter } from './sound-converter.ts';

export interface AacStreamLimits {
  /** How long pictures wait for the first converted sound, so that a player is told of both at once. */
  readonly firstSoundTimeoutMs: number;
  /** Pictures and sound go on for so long after the last who wanted them. */
  readonly lingerMs: number;
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
  readonly gopCacheBytes: number;
}

export const defaultAacStreamLimits: AacStreamLimits = {
  firstSoundTimeoutMs: 2_000,
  lingerMs: 10_000,
  firstRetryMs: 1_000,
  longestRetryMs: 60_000,
  gopCacheBytes: 4 * 1024 ** 2,
};

interface AacStreamOptions {
  readonly source: JoinableStream;
  readonly conversions: SoundConversions;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<AacStreamLimits>;
}

/** What becomes of the stream's sound. */
type Sound =
  /** It is AAC, or there is none. */
  | { readonly kind: 'direct' }
  | { readonly kind: 'awaited'; readonly converter: SoundConverter; readonly patience: Disposable }
  | { readonly kind: 'converted'; readonly converter: SoundConverter; readonly sinceMonotonicMs: number }
  /** ffmpeg works but gives nothing (yet), or it failed and is tried again. */
  | { readonly kind: 'missing'; readonly converter: SoundConverter | undefined; readonly reason: string };

/** Another stream's conversion may have ended by then. */
const FULL_RETRY_MS = 10_000;

/**
 * A stream for those who can only hear AAC: other sound is converted by an ffmpeg of the stream's own, which starts with the
 * first who joins and stops a while after the last has left. Pictures pass through as they are. A player is promised sound
 * only when there is some, for it would wait for it: when sound appears or fails, it gets a new description.
 */
export class AacStream implements JoinableStream {
  readonly #options: AacStreamOptions;
  readonly #limits: AacStreamLimits;
  readonly #fanout: StreamFanout;
  #sound: Sound = { kind: 'direct' };
  #convertibleTrack: ConvertibleTrack | undefined;
  #generation = 0;
  #membersHeld = 0;
  #linger: Disposable | undefined;
  #soundMembership: Disposable | undefined;
  #pictureMembership: Disposable | undefined;
  #retry: Disposable | undefined;
  #failuresInARow = 0;

  constructor(options: AacStreamOptions) {
    this.#options = options;
    this.#limits = { ...defaultAacStreamLimits, ...options.limits };
    const maximumBytes = this.#limits.gopCacheBytes;
    // Pictures are kept by the source as well, by reference: they are counted there.
    const cache = new GopCache({ maximumBytes, budget: new GopBudget(maximumBytes) });
    this.#fanout = new StreamFanout({ cache, log: options.log });
  }

  /** Who joined it. */
  get memberCount(): number {
    return this.#fanout.memberCount;
  }

  /** How often it has itself joined the source. */
  get sourceMemberships(): number {
    return [this.#soundMembership, this.#pictureMembership].filter((joined) => joined !== undefined).length;
  }

  join(subscriber: StreamSubscriber): Disposable {
    this.#membersHeld += 1;
    this.#linger?.[Symbol.dispose]();
    this.#linger = undefined;
    if (this.#soundMembership === undefined) this.#begin();
    const membership = this.#fanout.join(subscriber);
    let isMember = true;
    return {
      [Symbol.dispose]: () => {
        if (!isMember) return;
        isMember = false;
        membership[Symbol.dispose]();
        this.#membersHeld -= 1;
        if (this.#membersHeld > 0) return;
        this.#linger = this.#options.clock.after(this.#limits.lingerMs, () => this.#end());
      },
    };
  }

  /** Lets everybody go, for good. */
  end(detail: string): void {
    this.#end();
    this.#fanout.end(detail);
  }

  #begin(): void {
    this.#soundMembership = this.#options.source.join({
      onDescription: (description) => this.#onSoundDescription(description),
      onSample: (sample) => this.#onSound(sample),
      onInterruption: (interruption) => this.#onInterruption(interruption),
    });
    if (this.#sound.kind === 'direct' && this.#pictureMembership === undefined) this.#passPictures();
  }

  #end(): void {
    this.#linger?.[Symbol.dispose]();
    this.#linger = undefined;
    this.#soundMembership?.[Symbol.dispose]();
    this.#soundMembership = undefined;
    this.#stopPictures();
    this.#stopConverter();
    this.#convertibleTrack = undefined;
    this.#sound = { kind: 'direct' };
    this.#failuresInARow = 0;
  }

  #onSoundDescription({ audio }: StreamDescription): void {
    const track = convertible(audio);
    if (track === undefined) {
      const werePicturesWaiting = this.#sound.kind === 'awaited';
      this.#stopConverter();
      this.#sound = { kind: 'direct' };
      if (werePicturesWaiting) this.#passPictures();
    } else if (!isSameAudio(this.#convertibleTrack, track)) {
      this.#stopConverter();
      this.#stopPictures();
      this.#sound = this.#await(track);
      if (this.#sound.kind === 'missing') this.#passPictures();
    }
    this.#convertibleTrack = track;
  }

  #onSound(sample: Sample): void {
    if (sample.track !== 'audio' || this.#sound.kind === 'direct') return;
    this.#sound.converter?.write(sample);
  }

  #onInterruption(interruption: Interruption): void {
    if (interruption.kind !== 'stopped') return;
    this.#end();
    this.#fanout.onInterruption(interruption);
  }

  #await(track: ConvertibleTrack): Sound {
    const converter = this.#startConverter(track);
    if (converter === undefined) return this.#refused();
    const patience = this.#options.clock.after(this.#limits.firstSoundTimeoutMs, () => this.#giveUpWaiting());
    return { kind: 'awaited', converter, patience };
  }

  /** Undefined when this engine converts enough already. */
  #startConverter(track: ConvertibleTrack): SoundConverter | undefined {
    const converter = this.#options.conversions.start({
      track,
      onSound: (sample) => this.#onConverted(converter, sample),
      onEnded: (detail) => this.#onConverterEnded(converter, detail),
    });
    return converter;
  }

  #refused(): Sound {
    this.#retry = this.#options.clock.after(FULL_RETRY_MS, () => this.#tryAgain());
    const { maximum } = this.#options.conversions;
    return {
      kind: 'missing',
      converter: undefined,
      reason: `This engine converts the sound of ${maximum} streams at a time. Choose AAC in the camera's settings.`,
    };
  }

  #onConverted(converter: SoundConverter | undefined, sample: Sample): void {
    const sound = this.#sound;
    if (sound.kind === 'direct' || converter === undefined || sound.converter !== converter) return;
    if (sound.kind !== 'converted') {
      if (sound.kind === 'awaited') sound.patience[Symbol.dispose]();
      this.#sound = { kind: 'converted', converter, sinceMonotonicMs: this.#options.clock.monotonicMs() };
      this.#passPictures();
    }
    this.#fanout.onSample(sample);
  }

  #giveUpWaiting(): void {
    if (this.#sound.kind !== 'awaited') return;
    const { converter } = this.#sound;
    this.#sound = { kind: 'missing', converter, reason: 'The camera announces sound and sends none.' };
    this.#passPictures();
  }

  #onConverterEnded(converter: SoundConverter | undefined, detail: string): void {
    const sound = this.#sound;
    if (sound.kind === 'direct' || converter === undefined || sound.converter !== converter) return;
    const { clock, log } = this.#options;
    const { firstRetryMs, longestRetryMs } = this.#limits;
    if (sound.kind === 'awaited') sound.patience[Symbol.dispose]();
    const wasProven =
      sound.kind === 'converted' && clock.monotonicMs() - sound.sinceMonotonicMs >= longestRetryMs;
    this.#failuresInARow = wasProven ? 1 : this.#failuresInARow + 1;
    const delayMs = Math.min(firstRetryMs * 2 ** (this.#failuresInARow - 1), longestRetryMs);
    log.warn({ retryInMs: delayMs, detail }, 'The sound of a stream cannot be converted.');
    const isNews = sound.kind !== 'missing';
    this.#sound = {
      kind: 'missing',
      converter: undefined,
      reason: 'The sound cannot be converted at the moment.',
    };
    this.#retry = clock.after(delayMs, () => this.#tryAgain());
    if (isNews) this.#passPictures();
  }

  #tryAgain(): void {
    const track = this.#convertibleTrack;
    if (track === undefined || this.#sound.kind !== 'missing') return;
    const converter = this.#startConverter(track);
    this.#sound = converter === undefined ? this.#refused() : { ...this.#sound, converter };
  }

  #stopConverter(): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
    const sound = this.#sound;
    if (sound.kind === 'awaited') sound.patience[Symbol.dispose]();
    if (sound.kind !== 'direct') sound.converter?.stop();
  }

  /** Begins anew with the group in hand, described as the sound is now. */
  #passPictures(): void {
    this.#stopPictures();
    this.#pictureMembership = this.#options.source.join({
      onDescription: (description) => this.#fanout.onDescription(this.#describe(description)),
      onSample: (sample) => this.#onPicture(sample),
      onInterruption: (interruption) => {
        if (interruption.kind !== 'stopped') this.#fanout.onInterruption(interruption);
      },
    });
  }

  #stopPictures(): void {
    this.#pictureMembership?.[Symbol.dispose]();
    this.#pictureMembership = undefined;
  }

  #onPicture(sample: Sample): void {
    if (sample.track !== 'audio' || this.#sound.kind === 'direct') this.#fanout.onSample(sample);
  }

  #describe({ audio, ...description }: StreamDescription): StreamDescription {
    this.#generation += 1;
    const generation = this.#generation;
    const sound = this.#sound;
    switch (sound.kind) {
      case 'direct':
        return { ...description, generation, ...(audio === undefined ? {} : { audio }) };
      case 'converted':
        return { ...description, generation, audio: sound.converter.track };
      case 'awaited':
        return { ...description, generation };
      case 'missing':
        return { ...description, generation, audioIgnored: sound.reason };
    }
  }
}
