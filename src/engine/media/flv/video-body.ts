import type { AccessUnitAssembler, AccessUnitData } from '../access-unit.ts';
import { NalType } from '../h264.ts';
import { H265NalType, h265NalType } from '../h265.ts';
import type { ParameterSets } from '../parameter-sets.ts';
import { areSameBytes } from '../raw-bytes.ts';
import { ByteCollector, FLV_TICKS_PER_MS } from './body-reader.ts';
import type { FlvBody, FlvBodyReader, TimestampUnwrapper } from './body-reader.ts';
import { parseAvcDecoderConfiguration, parseHevcDecoderConfiguration } from './decoder-configuration.ts';
import type { DecoderConfiguration } from './decoder-configuration.ts';

/** One access unit. The data is good until the next is begun, unless its memory is retained. */
export interface FlvVideoUnit extends AccessUnitData {
  /** The decoding time in `FLV_CLOCK_RATE`, without wrap. */
  readonly timestamp: number;
  /** How much later the picture is shown, in `FLV_CLOCK_RATE`; may be below 0. */
  readonly compositionOffset: number;
  /** The same object as long as they stay the same; undefined before the first. */
  readonly parameterSets: ParameterSets | undefined;
  readonly arrivalMonotonicMs: number;
}

export interface FlvVideoEvents {
  onVideo(unit: FlvVideoUnit): void;
  /** So many access units were unusable; what refers to them must not be shown. */
  onVideoDamage(count: number): void;
  /** What comes is no video that we know; said once for each kind. `detail` is a sentence for a person. */
  onVideoUnsupported(detail: string): void;
}

export type FlvVideoCodec = ParameterSets['codec'];

export interface FlvVideoReaderOptions {
  readonly unwrapper: TimestampUnwrapper;
  readonly createAssembler: (codec: FlvVideoCodec) => AccessUnitAssembler<ParameterSets>;
  /** False while nobody wants pictures: they are passed over, but parameter sets in sequence headers are kept. */
  readonly isWanted: () => boolean;
  readonly events: FlvVideoEvents;
}

/** CodecID: Adobe Flash Video File Format Specification 10.1 §E.4.3.1; 12 is what cameras use that knew H.265 first. */
const codecIds = new Map<number, FlvVideoCodec>([
  [7, 'h264'],
  [12, 'h265'],
]);
/** Enhanced RTMP v2, table "VideoFourCc". */
const fourCcs = new Map<string, FlvVideoCodec>([
  ['avc1', 'h264'],
  ['hvc1', 'h265'],
]);
const EX_HEADER_FLAG = 0x80;
/** FrameType: a command to the player, without a picture. */
const COMMAND_FRAME = 5;
const legacyPacketTypes = { sequenceHeader: 0, payload: 1 } as const;
/** Enhanced RTMP v2, table "VideoPacketType". */
const exPacketTypes = {
  sequenceStart: 0,
  codedFrames: 1,
  codedFramesX: 3,
  multitrack: 6,
  modifierExtension: 7,
} as const;
const PREFIX_BYTES = 5;
const EX_PREFIX_WITH_COMPOSITION_BYTES = 8;
const LARGEST_RECORD_BYTES = 64 * 1024;
const USUAL_NAL_LENGTH_BYTES = 4;

/** What the next bytes of the body are. */
type Stage = 'prefix' | 'record' | 'nal-length' | 'nal' | 'skipped';

/**
 * Reads bodies of video tags: Adobe Flash Video File Format Specification 10.1 §E.4.3, the legacy H.265 in its form, and
 * Enhanced RTMP's ExVideoTagHeader. NAL units are copied once, to where the sample will stay, whatever their lengths' size.
 */
export class FlvVideoReader implements FlvBodyReader {
  readonly #options: FlvVideoReaderOptions;
  readonly #collected = new ByteCollector(EX_PREFIX_WITH_COMPOSITION_BYTES);
  #stage: Stage = 'skipped';
  #timestamp = 0;
  #compositionMs = 0;
  /** Of the body. */
  #missingBytes = 0;
  #nalLengthDigits = 0;
  #nalMissingBytes = 0;
  /** Something of the body is no picture; the others of its kind are. */
  #isDamaged = false;
  #codec: FlvVideoCodec | undefined;
  #assembler: AccessUnitAssembler<ParameterSets> | undefined;
  #nalLengthBytes = USUAL_NAL_LENGTH_BYTES;
  /** The last record, to know when it is another. */
  #record: Buffer | undefined;
  /** Picture parameter sets besides the one that is described, which have to stand before each sync picture. */
  #furtherSets: readonly Uint8Array[] = [];
  readonly #toldUnsupported = new Set<string>();

  constructor(options: FlvVideoReaderOptions) {
    this.#options = options;
  }

  begin({ byteLength, timestampMs }: FlvBody): void {
    if (this.#missingBytes > 0) this.abort();
    this.#timestamp = this.#options.unwrapper.unwrap(timestampMs) * FLV_TICKS_PER_MS;
    this.#compositionMs = 0;
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
        case 'record':
          at = this.#collected.take(bytes, at, stop);
          break;
        case 'nal-length':
          at = this.#readNalLength(bytes, at, stop);
          break;
        case 'nal':
          at = this.#readNal(bytes, at, stop);
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
    switch (stage) {
      case 'record':
        if (isWhole) this.#readRecord();
        return;
      case 'prefix':
      case 'skipped':
        break;
      case 'nal-length':
      case 'nal':
        if (isWhole && this.#nalLengthDigits === 0 && this.#nalMissingBytes === 0) {
          this.#finish(arrivalMonotonicMs);
        } else this.#damage();
    }
    if (this.#isDamaged) this.#options.events.onVideoDamage(1);
  }

  abort(): void {
    const wasPicture = this.#isDamaged || (this.#stage !== 'skipped' && this.#stage !== 'record');
    this.#missingBytes = 0;
    this.#isDamaged = false;
    this.#stage = 'skipped';
    this.#assembler?.discard();
    if (wasPicture) this.#options.events.onVideoDamage(1);
  }

  /** Gives the memory back; goes on with the next body. */
  release(): void {
    this.#missingBytes = 0;
    this.#stage = 'skipped';
    this.#assembler?.release();
  }

  #readPrefix(following: number): void {
    const first = this.#collected.byteAt(0);
    const isEx = (first & EX_HEADER_FLAG) !== 0;
    if (((first >> 4) & 7) === COMMAND_FRAME) {
      this.#stage = 'skipped';
    } else if (this.#collected.length < PREFIX_BYTES) {
      this.#collected.want(PREFIX_BYTES);
    } else if (isEx) {
      this.#readExPrefix(first & 0x0f, following);
    } else {
      this.#readLegacyPrefix(first & 0x0f, following);
    }
  }

  #readLegacyPrefix(codecId: number, following: number): void {
    const codec = codecIds.get(codecId);
    if (codec === undefined) {
      this.#refuse(`The camera pushes video of FLV codec ${codecId}. Choose H.264 or H.265 in its settings.`);
      return;
    }
    this.#useCodec(codec);
    this.#compositionMs = (this.#collected.bytes.readUInt32BE(1) << 8) >> 8;
    switch (this.#collected.byteAt(1)) {
      case legacyPacketTypes.sequenceHeader:
        this.#beginRecord(following);
        return;
      case legacyPacketTypes.payload:
        this.#beginPicture();
        return;
      default:
        this.#stage = 'skipped';
    }
  }

  #readExPrefix(packetType: number, following: number): void {
    if (packetType === exPacketTypes.multitrack || packetType === exPacketTypes.modifierExtension) {
      this.#refuse('The camera pushes Enhanced RTMP with several tracks. Choose a single video track.');
      return;
    }
    const name = this.#collected.bytes.toString('latin1', 1, PREFIX_BYTES);
    const codec = fourCcs.get(name);
    if (codec === undefined) {
      const shown = /^[\w ]+$/.test(name) ? name : 'an unknown kind';
      this.#refuse(`The camera pushes video of ${shown}. Choose H.264 or H.265 in its settings.`);
      return;
    }
    switch (packetType) {
      case exPacketTypes.sequenceStart:
        this.#useCodec(codec);
        this.#beginRecord(following);
        return;
      case exPacketTypes.codedFrames:
        if (this.#collected.length < EX_PREFIX_WITH_COMPOSITION_BYTES) {
          this.#collected.want(EX_PREFIX_WITH_COMPOSITION_BYTES);
          return;
        }
        this.#useCodec(codec);
        this.#compositionMs = (this.#collected.bytes.readUInt32BE(4) << 8) >> 8;
        this.#beginPicture();
        return;
      case exPacketTypes.codedFramesX:
        this.#useCodec(codec);
        this.#beginPicture();
        return;
      default:
        this.#stage = 'skipped';
    }
  }

  #refuse(detail: string): void {
    this.#stage = 'skipped';
    if (this.#toldUnsupported.has(detail)) return;
    // One sentence for each of the 16 codec ids is plenty; FourCCs are anybody's.
    if (this.#toldUnsupported.size < 16) this.#toldUnsupported.add(detail);
    this.#options.events.onVideoUnsupported(detail);
  }

  #useCodec(codec: FlvVideoCodec): void {
    if (codec === this.#codec) return;
    this.#codec = codec;
    this.#assembler?.release();
    this.#assembler = this.#options.createAssembler(codec);
    this.#nalLengthBytes = USUAL_NAL_LENGTH_BYTES;
    this.#record = undefined;
    this.#furtherSets = [];
  }

  #beginRecord(byteLength: number): void {
    this.#stage = byteLength > 0 && byteLength <= LARGEST_RECORD_BYTES ? 'record' : 'skipped';
    if (this.#stage === 'record') this.#collected.restart(byteLength);
  }

  #beginPicture(): void {
    if (!this.#options.isWanted()) {
      this.#stage = 'skipped';
      return;
    }
    this.#stage = 'nal-length';
    this.#nalLengthDigits = 0;
    this.#nalMissingBytes = 0;
    const isKey = ((this.#collected.byteAt(0) >> 4) & 7) === 1;
    if (isKey) this.#insertFurtherSets();
  }

  #readNalLength(bytes: Buffer, start: number, stop: number): number {
    let at = start;
    while (at < stop && this.#nalLengthDigits < this.#nalLengthBytes) {
      this.#nalMissingBytes = this.#nalMissingBytes * 256 + (bytes[at] ?? 0);
      this.#nalLengthDigits += 1;
      at += 1;
    }
    if (this.#nalLengthDigits < this.#nalLengthBytes) return at;
    this.#nalLengthDigits = 0;
    if (this.#nalMissingBytes > stop - at + this.#missingBytes) this.#damage();
    else if (this.#nalMissingBytes > 0) this.#beginNal();
    return at;
  }

  #beginNal(): void {
    if (this.#assembler?.beginNal() === true) this.#stage = 'nal';
    else this.#damage();
  }

  #readNal(bytes: Buffer, start: number, stop: number): number {
    const end = Math.min(stop, start + this.#nalMissingBytes);
    this.#nalMissingBytes -= end - start;
    if (this.#assembler?.append(bytes, start, end) !== true) {
      this.#damage();
    } else if (this.#nalMissingBytes === 0) {
      this.#stage = 'nal-length';
    }
    return end;
  }

  #damage(): void {
    this.#isDamaged = true;
    this.#stage = 'skipped';
    this.#assembler?.discard();
  }

  #finish(arrivalMonotonicMs: number): void {
    const assembler = this.#assembler;
    // Without a picture what is there, such as supplemental information, goes before the next.
    const unit = assembler?.finish();
    if (assembler === undefined || unit === undefined) return;
    this.#options.events.onVideo({
      ...unit,
      timestamp: this.#timestamp,
      compositionOffset: this.#compositionMs * FLV_TICKS_PER_MS,
      parameterSets: assembler.parameterSets,
      arrivalMonotonicMs,
    });
  }

  #readRecord(): void {
    const record = this.#collected.bytes;
    // Many repeat it with every group of pictures.
    if (this.#record?.equals(record) === true) return;
    const configuration =
      this.#codec === 'h265' ? parseHevcDecoderConfiguration(record) : parseAvcDecoderConfiguration(record);
    if (configuration === undefined) return;
    this.#record = Buffer.from(record);
    this.#adopt(configuration);
  }

  #adopt({ nalLengthBytes, parameterSets }: DecoderConfiguration): void {
    const assembler = this.#assembler;
    if (assembler === undefined) return;
    this.#nalLengthBytes = nalLengthBytes;
    assembler.discard();
    for (const nal of parameterSets) assembler.offerParameterSet(nal);
    const described = assembler.parameterSets;
    this.#furtherSets = parameterSets.filter(
      (nal) => isPictureSet(nal, this.#codec) && described !== undefined && !areSameBytes(nal, described.pps),
    );
  }

  #insertFurtherSets(): void {
    for (const nal of this.#furtherSets) {
      if (this.#assembler?.beginNal() !== true) return;
      this.#assembler.append(Buffer.from(nal.buffer, nal.byteOffset, nal.byteLength), 0, nal.byteLength);
      this.#assembler.endNal();
    }
  }
}

function isPictureSet(nal: Uint8Array, codec: FlvVideoCodec | undefined): boolean {
  const first = nal[0] ?? 0;
  return codec === 'h265'
    ? h265NalType(first) === H265NalType.pictureParameterSet
    : (first & 0x1f) === NalType.pictureParameterSet;
}
