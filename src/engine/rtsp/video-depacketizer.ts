import { AccessUnitAssembler } from '../media/access-unit.ts';
import type { AccessUnitData, NalSyntax } from '../media/access-unit.ts';
import type { ParameterSets } from '../media/parameter-sets.ts';
import type { SlabPool } from '../media/slab-pool.ts';
import type { RtpPacket } from './rtp.ts';

export interface VideoAccessUnit<Sets extends ParameterSets = ParameterSets> extends AccessUnitData {
  /** Presentation time in the track's clock, without wrap. */
  readonly timestamp: number;
  readonly parameterSets: Sets | undefined;
  readonly arrivalMonotonicMs: number;
}

export interface VideoDepacketizerEvents<Sets extends ParameterSets = ParameterSets> {
  onAccessUnit(unit: VideoAccessUnit<Sets>): void;
  /** So many packets are missing, or access units thrown away; what refers to them must not be shown. */
  onDamage(count: number): void;
  /** The camera packs its video in a way that cannot be followed: a sentence for people. Once. */
  onUnsupported?(detail: string): void;
}

export interface VideoDepacketizerOptions<Sets extends ParameterSets> {
  readonly slabPool: SlabPool;
  readonly maxAccessUnitBytes: number;
  readonly events: VideoDepacketizerEvents<Sets>;
}

/** More `sprop` values than any camera sends. */
const MOST_OFFERED_SETS = 16;

/**
 * Video over RTP, NAL units in decoding order: where access units begin and end, and which of them are whole. How NAL units
 * lie in payloads is the payload format's.
 */
export abstract class VideoDepacketizer<Sets extends ParameterSets> {
  readonly #assembler: AccessUnitAssembler<Sets>;
  readonly #events: VideoDepacketizerEvents<Sets>;
  #timestamp: number | undefined;
  #arrivalMonotonicMs = 0;
  /** Bytes of the access unit under construction are missing. */
  #isDamaged = false;
  /** Packets were missing before its first byte, which may have been its own. */
  #followsLoss = false;
  #lastFinishedTimestamp: number | undefined;
  /** Some cameras set the marker on every slice; then only the timestamp tells where a picture ends. */
  #trustsMarker = true;
  #isUnsupported = false;

  constructor(
    syntax: NalSyntax<Sets>,
    { slabPool, maxAccessUnitBytes, events }: VideoDepacketizerOptions<Sets>,
  ) {
    this.#assembler = new AccessUnitAssembler(syntax, { slabPool, maxBytes: maxAccessUnitBytes });
    this.#events = events;
  }

  /** Takes parameter sets in base64, separated by commas, such as `sprop-parameter-sets`; what is none is passed over. */
  offerParameterSets(sprop: string): void {
    for (const base64 of sprop.split(',').slice(0, MOST_OFFERED_SETS)) {
      this.#assembler.offerParameterSet(Buffer.from(base64, 'base64'));
    }
  }

  push(packet: RtpPacket): void {
    if (packet.lostBefore > 0) this.#noteLoss(packet.lostBefore);
    // Once a picture, and not for each of its packets: writing a number of this size takes memory.
    if (packet.timestamp !== this.#timestamp) {
      if (this.#timestamp !== undefined) this.#endByTimestamp();
      this.#timestamp = packet.timestamp;
    }
    this.#arrivalMonotonicMs = packet.arrivalMonotonicMs;
    if (packet.end > packet.start) this.readPayload(packet.bytes, packet.start, packet.end);
    if (packet.marker && this.#trustsMarker) this.#endByMarker();
  }

  /** Gives its memory back, when no more packets come. */
  release(): void {
    this.#assembler.release();
  }

  /** Reads the payload `bytes[start, end)`, which is not empty, with the methods below. */
  protected abstract readPayload(bytes: Buffer, start: number, end: number): void;

  /** Takes a whole NAL unit. */
  protected readNal(bytes: Buffer, start: number, end: number): void {
    if (!this.#assembler.beginNal() || !this.#assembler.append(bytes, start, end)) this.#isDamaged = true;
    this.#endNal();
  }

  /** Takes NAL units, each after its 16-bit size. */
  protected readSizedNals(bytes: Buffer, from: number, end: number): void {
    let position = from;
    while (position + 2 < end) {
      const nal = position + 2;
      const size = bytes.readUInt16BE(position);
      if (nal + size > end) {
        this.#isDamaged = true;
        return;
      }
      if (size > 0) this.readNal(bytes, nal, nal + size);
      position = nal + size;
    }
  }

  /** The first fragment comes: its NAL unit has these header bytes, the second only in codecs that have it. */
  protected beginFragments(firstByte: number, secondByte?: number): void {
    this.#endNal();
    const hasBegun =
      this.#assembler.beginNal() &&
      this.#assembler.appendByte(firstByte) &&
      (secondByte === undefined || this.#assembler.appendByte(secondByte));
    if (!hasBegun) this.#isDamaged = true;
  }

  protected readFragment(bytes: Buffer, start: number, end: number): void {
    if (!this.#assembler.isInsideNal || !this.#assembler.append(bytes, start, end)) this.#isDamaged = true;
  }

  protected endFragments(): void {
    this.#endNal();
  }

  /** The payload makes no sense. */
  protected noteDamage(): void {
    this.#isDamaged = true;
  }

  /** The payload makes sense, but not to us. */
  protected noteUnsupported(detail: string): void {
    this.#isDamaged = true;
    if (this.#isUnsupported) return;
    this.#isUnsupported = true;
    this.#events.onUnsupported?.(detail);
  }

  #endNal(): void {
    const hadPicture = this.#assembler.hasPicture;
    this.#assembler.endNal();
    if (hadPicture || !this.#assembler.hasPicture || this.#assembler.startsWithFirstSlice) return;
    // The first slice is not the picture's first. Either that one was lost, or the marker has cut the picture in two.
    if (this.#followsLoss) this.#isDamaged = true;
    if (this.#timestamp === this.#lastFinishedTimestamp) {
      this.#trustsMarker = false;
      this.#isDamaged = true;
    }
  }

  #noteLoss(lost: number): void {
    this.#isDamaged ||= this.#assembler.hasPicture || this.#assembler.isInsideNal;
    this.#followsLoss = true;
    this.#events.onDamage(lost);
  }

  /** Parameter sets and messages may carry a timestamp of their own: they belong to the picture after them. */
  #endByTimestamp(): void {
    const followsLoss = this.#followsLoss;
    this.#endNal();
    if (this.#assembler.hasPicture || this.#isDamaged) this.#finish();
    // The loss lies between the two: the next access unit may have lost its beginning as well.
    this.#followsLoss = followsLoss;
  }

  /** A marker on parameter sets or messages alone is a camera's mistake. */
  #endByMarker(): void {
    this.#endNal();
    if (this.#assembler.hasPicture || this.#isDamaged) this.#finish();
  }

  #finish(): void {
    const timestamp = this.#timestamp;
    const isDamaged = this.#isDamaged;
    this.#isDamaged = false;
    this.#followsLoss = false;
    this.#lastFinishedTimestamp = timestamp;
    if (isDamaged || timestamp === undefined) {
      this.#assembler.discard();
      this.#events.onDamage(1);
      return;
    }
    const unit = this.#assembler.finish();
    if (unit === undefined) return;
    this.#events.onAccessUnit({
      data: unit.data,
      memory: unit.memory,
      isSync: unit.isSync,
      isRecoveryPoint: unit.isRecoveryPoint,
      isSkippable: unit.isSkippable,
      timestamp,
      parameterSets: this.#assembler.parameterSets,
      arrivalMonotonicMs: this.#arrivalMonotonicMs,
    });
  }
}
