import { aacTrackFrom } from '../aac.ts';
import { audioSampleDuration, isSameAudio } from '../audio.ts';
import type { AudioTrack, G711Track, OpusTrack } from '../sample.ts';
import { SampleSlab } from '../sample-slab.ts';
import type { SampleMemory, SlabPool } from '../slab-pool.ts';
import { ByteCollector, FLV_CLOCK_RATE, FLV_TICKS_PER_MS } from './body-reader.ts';
import type { FlvBody, FlvBodyReader, TimestampUnwrapper } from './body-reader.ts';

/** One frame of sound, as its track says. The data is good until the next is begun, unless its memory is retained. */
export interface FlvAudioFrame {
  readonly data: Uint8Array;
  readonly memory: SampleMemory;
  /** In `FLV_CLOCK_RATE`, without wrap; a fraction where the frames' duration is one. */
  readonly timestamp: number;
  readonly arrivalMonotonicMs: number;
}

/** What sound there is. */
export type FlvSound =
  /** Nothing has been heard yet. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'track'; readonly track: AudioTrack }
  /** `reason` is a sentence for a person, with the remedy. */
  | { readonly kind: 'ignored'; readonly reason: string };

export interface FlvAudioEvents {
  /** Before the first frame, and whenever it changes. */
  onSound(sound: FlvSound): void;
  onAudio(frame: FlvAudioFrame): void;
  /** So many frames were unusable. */
  onAudioDamage(count: number): void;
}

export interface FlvAudioReaderOptions {
  readonly unwrapper: TimestampUnwrapper;
  readonly slabPool: SlabPool;
  /** False while nobody wants sound: frames are passed over, but what the sound is stays known. */
  readonly isWanted: () => boolean;
  readonly events: FlvAudioEvents;
}

/** SoundFormat: Adobe Flash Video File Format Specification 10.1 §E.4.2.1; 9 is Enhanced RTMP's ExAudioTagHeader. */
const soundFormats = { pcma: 7, pcmu: 8, ex: 9, aac: 10 } as const;
const packetTypes = { configuration: 0, frames: 1 } as const;
const AAC_PREFIX_BYTES = 2;
const EX_PREFIX_BYTES = 5;
const G711_SAMPLE_RATE = 8_000;
const LARGEST_CONFIGURATION_BYTES = 256;
const LARGEST_FRAME_BYTES = 64 * 1024;
const PREFERRED_SLAB_BYTES = 16 * 1024;
/** OpusHead (RFC 7845 §5.1). */
const OPUS_HEAD_BYTES = 19;
/** Stamps are whole milliseconds: within this, a frame begins where the one before it ended. */
const ROUNDING_TICKS = 1.5 * FLV_TICKS_PER_MS;

type Stage = 'prefix' | 'configuration' | 'frame' | 'skipped';

/**
 * Reads bodies of audio tags: Adobe Flash Video File Format Specification 10.1 §E.4.2, with G.711 and AAC, and Enhanced
 * RTMP's ExAudioTagHeader with AAC and Opus. A frame is copied once, to where the sample will stay.
 */
export class FlvAudioReader implements FlvBodyReader {
  readonly #options: FlvAudioReaderOptions;
  readonly #slab: SampleSlab;
  readonly #collected = new ByteCollector(EX_PREFIX_BYTES);
  #stage: Stage = 'skipped';
  #timestamp = 0;
  #missingBytes = 0;
  #isDamaged = false;
  #configurationCodec: 'aac' | 'opus' = 'aac';
  #sound: FlvSound = { kind: 'unknown' };
  /** Where the frame before ended. */
  #expected: number | undefined;

  constructor(options: FlvAudioReaderOptions) {
    this.#options = options;
    this.#slab = new SampleSlab(options.slabPool, {
      limitBytes: LARGEST_FRAME_BYTES,
      preferredBytes: PREFERRED_SLAB_BYTES,
    });
  }

  get sound(): FlvSound {
    return this.#sound;
  }

  begin({ byteLength, timestampMs }: FlvBody): void {
    if (this.#missingBytes > 0) this.abort();
    this.#timestamp = this.#options.unwrapper.unwrap(timestampMs) * FLV_TICKS_PER_MS;
    this.#missingBytes = byteLength;
    this.#isDamaged = false;
    this.#stage = 'prefix';
    this.#collected.restart(1);
  }

  push(bytes: Buffer, start: number, end: number): void {
    const stop = Math.min(end, start + this.#missingBytes);
    this.#missingBytes -= stop - start;
    let at = start;
    while (at < stop) {
      switch (this.#stage) {
        case 'prefix':
          at = this.#collected.take(bytes, at, stop);
          if (this.#collected.isComplete) this.#readPrefix(stop - at + this.#missingBytes);
          break;
        case 'configuration':
          at = this.#collected.take(bytes, at, stop);
          break;
        case 'frame':
          if (!this.#slab.append(bytes, at, stop)) this.#damage();
          at = stop;
          break;
        case 'skipped':
          at = stop;
          break;
      }
    }
  }

  end(arrivalMonotonicMs: number): void {
    const isWhole = this.#missingBytes === 0;
    this.#missingBytes = 0;
    const stage = this.#stage;
    this.#stage = 'skipped';
    if (stage === 'configuration' && isWhole) this.#readConfiguration();
    if (stage === 'frame') {
      if (isWhole) this.#finish(arrivalMonotonicMs);
      else this.#damage();
    }
    if (this.#isDamaged) this.#options.events.onAudioDamage(1);
  }

  abort(): void {
    const wasFrame = this.#isDamaged || this.#stage === 'frame';
    this.#missingBytes = 0;
    this.#isDamaged = false;
    this.#stage = 'skipped';
    this.#slab.truncate(0);
    if (wasFrame) this.#options.events.onAudioDamage(1);
  }

  /** Gives the memory back; goes on with the next body. */
  release(): void {
    this.#missingBytes = 0;
    this.#stage = 'skipped';
    this.#slab.release();
  }

  #readPrefix(following: number): void {
    const first = this.#collected.byteAt(0);
    switch (first >> 4) {
      case soundFormats.aac:
        if (this.#collected.length < AAC_PREFIX_BYTES) this.#collected.want(AAC_PREFIX_BYTES);
        else this.#beginPacket('aac', this.#collected.byteAt(1), following);
        return;
      case soundFormats.pcma:
        this.#beginG711('pcma', first);
        return;
      case soundFormats.pcmu:
        this.#beginG711('pcmu', first);
        return;
      case soundFormats.ex:
        if (this.#collected.length < EX_PREFIX_BYTES) this.#collected.want(EX_PREFIX_BYTES);
        else this.#readExPrefix(first & 0x0f, following);
        return;
      default:
        this.#ignore(`sound of FLV format ${first >> 4}`);
    }
  }

  #readExPrefix(packetType: number, following: number): void {
    const name = this.#collected.bytes.toString('latin1', 1, EX_PREFIX_BYTES);
    switch (name) {
      case 'mp4a':
        this.#beginPacket('aac', packetType, following);
        return;
      case 'Opus':
        this.#beginPacket('opus', packetType, following);
        return;
      default:
        this.#ignore(/^[-.\w ]+$/.test(name) ? `${name} sound` : 'sound of an unknown kind');
    }
  }

  #beginPacket(codec: 'aac' | 'opus', packetType: number, following: number): void {
    this.#stage = 'skipped';
    if (packetType === packetTypes.configuration) {
      if (following === 0 || following > LARGEST_CONFIGURATION_BYTES) return;
      this.#stage = 'configuration';
      this.#configurationCodec = codec;
      this.#collected.restart(following);
    } else if (packetType === packetTypes.frames) {
      const isKnown = this.#sound.kind === 'track' && this.#sound.track.codec === codec;
      if (isKnown && this.#options.isWanted()) this.#stage = 'frame';
    }
  }

  /** Has no sequence header: the first packet says it all. The rate's bits have no value for 8 kHz, which it always is. */
  #beginG711(codec: G711Track['codec'], first: number): void {
    const channels = (first & 1) + 1;
    this.#adopt({ kind: 'audio', codec, sampleRate: G711_SAMPLE_RATE, channels });
    this.#stage = this.#options.isWanted() ? 'frame' : 'skipped';
  }

  #readConfiguration(): void {
    const bytes = new Uint8Array(this.#collected.bytes);
    const track = this.#configurationCodec === 'aac' ? aacTrackFrom(bytes) : opusTrackFrom(bytes);
    if (track === undefined) this.#ignore(`a kind of ${this.#configurationCodec} that is not supported`);
    else this.#adopt(track);
  }

  #adopt(track: AudioTrack): void {
    if (this.#sound.kind === 'track' && isSameAudio(this.#sound.track, track)) return;
    this.#change({ kind: 'track', track });
  }

  #ignore(what: string): void {
    this.#stage = 'skipped';
    const reason = `The camera pushes ${what}, which is left out. Choose AAC in the camera's settings.`;
    if (this.#sound.kind === 'ignored' && this.#sound.reason === reason) return;
    this.#change({ kind: 'ignored', reason });
  }

  #change(sound: FlvSound): void {
    this.#sound = sound;
    this.#expected = undefined;
    this.#options.events.onSound(sound);
  }

  #damage(): void {
    this.#isDamaged = true;
    this.#stage = 'skipped';
    this.#slab.truncate(0);
  }

  #finish(arrivalMonotonicMs: number): void {
    if (this.#sound.kind !== 'track' || this.#slab.length === 0) return;
    const { data, memory } = this.#slab.take();
    const { track } = this.#sound;
    const duration = (audioSampleDuration(track, data) * FLV_CLOCK_RATE) / track.sampleRate;
    const expected = this.#expected;
    const isInStep = expected !== undefined && Math.abs(this.#timestamp - expected) <= ROUNDING_TICKS;
    const timestamp = isInStep ? expected : this.#timestamp;
    this.#expected = timestamp + duration;
    this.#options.events.onAudio({ data, memory, timestamp, arrivalMonotonicMs });
  }
}

/** Of an OpusHead (RFC 7845 §5.1), mono or stereo. */
function opusTrackFrom(head: Uint8Array): OpusTrack | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (bytes.length < OPUS_HEAD_BYTES || bytes.toString('latin1', 0, 8) !== 'OpusHead') return undefined;
  const channels = bytes[9];
  if (channels !== 1 && channels !== 2) return undefined;
  return { kind: 'audio', codec: 'opus', sampleRate: 48_000, channels, preSkip: bytes.readUInt16LE(10) };
}
