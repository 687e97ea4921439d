import { AccessUnitAssembler } from '../access-unit.ts';
import { h264Syntax, h265Syntax } from '../nal-syntax.ts';
import type { SlabPool } from '../slab-pool.ts';
import { FlvAudioReader } from './audio-body.ts';
import type { FlvAudioEvents, FlvSound } from './audio-body.ts';
import { TimestampUnwrapper } from './body-reader.ts';
import type { FlvBodyReader } from './body-reader.ts';
import { FlvScriptReader } from './script-body.ts';
import { FlvVideoReader } from './video-body.ts';
import type { FlvVideoEvents } from './video-body.ts';

/** What comes out of FLV: units and frames fit `SamplePipeline` as they are, in `FLV_CLOCK_RATE`. */
export interface FlvMediaEvents extends FlvVideoEvents, FlvAudioEvents {}

export interface FlvMediaReaderOptions {
  readonly slabPool: SlabPool;
  /** The largest access unit; what is larger counts as damaged. */
  readonly maxAccessUnitBytes: number;
  readonly events: FlvMediaEvents;
}

/**
 * Reads the bodies of FLV tags, which are also those of RTMP's messages: one reader for pictures and one for sound, because
 * RTMP interleaves their pieces. It never throws, and what is wrong with one body does not reach the next.
 */
export class FlvMediaReader {
  readonly video: FlvBodyReader;
  readonly audio: FlvBodyReader;
  readonly #video: FlvVideoReader;
  readonly #audio: FlvAudioReader;
  /** False while nobody wants samples: no memory is used then, but sequence headers are remembered. */
  isWanted = true;

  constructor({ slabPool, maxAccessUnitBytes, events }: FlvMediaReaderOptions) {
    const unwrapper = new TimestampUnwrapper();
    const isWanted = (): boolean => this.isWanted;
    const memory = { slabPool, maxBytes: maxAccessUnitBytes };
    this.#video = new FlvVideoReader({
      unwrapper,
      createAssembler: (codec) =>
        codec === 'h264'
          ? new AccessUnitAssembler(h264Syntax, memory)
          : new AccessUnitAssembler(h265Syntax, memory),
      isWanted,
      events,
    });
    this.#audio = new FlvAudioReader({ unwrapper, slabPool, isWanted, events });
    this.video = this.#video;
    this.audio = this.#audio;
  }

  /** What sound there is, as far as it was told. */
  get sound(): FlvSound {
    return this.#audio.sound;
  }

  /** Gives the memory back; goes on with the next bodies. */
  release(): void {
    this.#video.release();
    this.#audio.release();
  }
}

/** What came is no FLV, or more than is acceptable. Final. */
export type FlvStreamFault = 'not-flv' | 'tag-too-large';

const FILE_HEADER_BYTES = 9;
const LARGEST_FILE_HEADER_BYTES = 1024;
const PREVIOUS_TAG_SIZE_BYTES = 4;
const TAG_HEADER_BYTES = 11;
const tagTypes = { audio: 8, video: 9, script: 18 } as const;

type StreamStage = 'file-header' | 'gap' | 'tag-header' | 'body';

/** Reads a stream of FLV, cut anywhere: file header and tags (Adobe Flash Video File Format Specification 10.1 §E.2 to §E.4). */
export class FlvStreamReader {
  readonly #media: FlvMediaReader;
  readonly #script: FlvBodyReader | undefined;
  readonly #largestTagBytes: number;
  readonly #header = Buffer.alloc(TAG_HEADER_BYTES);
  #headerLength = 0;
  #stage: StreamStage = 'file-header';
  /** Of the gap or the body. */
  #missingBytes = 0;
  #body: FlvBodyReader | undefined;
  #fault: FlvStreamFault | undefined;

  constructor({
    media,
    onScript,
    largestTagBytes,
  }: {
    readonly media: FlvMediaReader;
    /** The body of a script tag, valid during the call. */
    readonly onScript?: (body: Buffer) => void;
    readonly largestTagBytes: number;
  }) {
    this.#media = media;
    this.#script = onScript === undefined ? undefined : new FlvScriptReader(onScript);
    this.#largestTagBytes = largestTagBytes;
  }

  /** Takes `bytes[0, length)`. A fault is final. */
  push(bytes: Buffer, length: number, arrivalMonotonicMs: number): FlvStreamFault | undefined {
    let at = 0;
    while (at < length && this.#fault === undefined) {
      switch (this.#stage) {
        case 'file-header':
          at = this.#collect(bytes, { at, length, wanted: FILE_HEADER_BYTES });
          if (this.#headerLength === FILE_HEADER_BYTES) this.#readFileHeader();
          break;
        case 'gap': {
          const step = Math.min(this.#missingBytes, length - at);
          this.#missingBytes -= step;
          at += step;
          if (this.#missingBytes === 0) this.#await('tag-header');
          break;
        }
        case 'tag-header':
          at = this.#collect(bytes, { at, length, wanted: TAG_HEADER_BYTES });
          if (this.#headerLength === TAG_HEADER_BYTES) this.#readTagHeader(arrivalMonotonicMs);
          break;
        case 'body': {
          const step = Math.min(this.#missingBytes, length - at);
          this.#body?.push(bytes, at, at + step);
          this.#missingBytes -= step;
          at += step;
          if (this.#missingBytes === 0) this.#endBody(arrivalMonotonicMs);
          break;
        }
      }
    }
    return this.#fault;
  }

  #collect(
    bytes: Buffer,
    { at, length, wanted }: { readonly at: number; readonly length: number; readonly wanted: number },
  ): number {
    const end = Math.min(length, at + wanted - this.#headerLength);
    bytes.copy(this.#header, this.#headerLength, at, end);
    this.#headerLength += end - at;
    return end;
  }

  #await(stage: 'tag-header'): void {
    this.#stage = stage;
    this.#headerLength = 0;
  }

  #readFileHeader(): void {
    const headerBytes = this.#header.readUInt32BE(5);
    const isFlv = this.#header.toString('latin1', 0, 3) === 'FLV' && this.#header[3] === 1;
    if (!isFlv || headerBytes < FILE_HEADER_BYTES || headerBytes > LARGEST_FILE_HEADER_BYTES) {
      this.#fault = 'not-flv';
      return;
    }
    this.#skip(headerBytes - FILE_HEADER_BYTES + PREVIOUS_TAG_SIZE_BYTES);
  }

  #skip(byteLength: number): void {
    this.#stage = 'gap';
    this.#missingBytes = byteLength;
  }

  #readTagHeader(arrivalMonotonicMs: number): void {
    const byteLength = this.#header.readUIntBE(1, 3);
    if (byteLength > this.#largestTagBytes) {
      this.#fault = 'tag-too-large';
      return;
    }
    this.#body = this.#bodyOf(this.#header[0] ?? 0);
    // The extension holds the upper bits.
    const timestampMs = this.#header.readUIntBE(4, 3) + (this.#header[7] ?? 0) * 2 ** 24;
    this.#body?.begin({ byteLength, timestampMs });
    this.#stage = 'body';
    this.#missingBytes = byteLength;
    if (byteLength === 0) this.#endBody(arrivalMonotonicMs);
  }

  /** The high bits of the type are for encryption (§E.4.1): such a tag is none of these. */
  #bodyOf(type: number): FlvBodyReader | undefined {
    if (type === tagTypes.audio) return this.#media.audio;
    if (type === tagTypes.script) return this.#script;
    return type === tagTypes.video ? this.#media.video : undefined;
  }

  #endBody(arrivalMonotonicMs: number): void {
    this.#body?.end(arrivalMonotonicMs);
    this.#body = undefined;
    this.#skip(PREVIOUS_TAG_SIZE_BYTES);
  }
}
