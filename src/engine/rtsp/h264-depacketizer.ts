import { AccessUnitAssembler } from '../media/h264-access-unit.ts';
import type { AccessUnitData } from '../media/h264-access-unit.ts';
import type { H264ParameterSets } from '../media/parameter-sets.ts';
import type { SlabPool } from '../media/slab-pool.ts';
import type { RtpPacket } from './rtp.ts';

export interface H264AccessUnit extends AccessUnitData {
  /** Presentation time in the track's clock, without wrap. */
  readonly timestamp: number;
  readonly parameterSets: H264ParameterSets | undefined;
  readonly arrivalMonotonicMs: number;
}

export interface H264DepacketizerEvents {
  onAccessUnit(unit: H264AccessUnit): void;
  /** So many packets are missing, or access units thrown away; what refers to them must not be shown. */
  onDamage(count: number): void;
}

/** RFC 6184 §5.2. */
const PacketType = { stapA: 24, fuA: 28 } as const;

/** H.264 over RTP (RFC 6184): single NAL units, STAP-A and FU-A, in decoding order (packetization modes 0 and 1). */
export class H264Depacketizer {
  readonly #assembler: AccessUnitAssembler;
  readonly #events: H264DepacketizerEvents;
  #timestamp: number | undefined;
  #arrivalMonotonicMs = 0;
  /** Bytes of the access unit under construction are missing. */
  #isDamaged = false;
  /** Packets were missing before its first byte, which may have been its own. */
  #followsLoss = false;
  #lastFinishedTimestamp: number | undefined;
  /** Some cameras set the marker on every slice; then only the timestamp tells where a picture ends. */
  #trustsMarker = true;

  constructor({
    slabPool,
    maxAccessUnitBytes,
    events,
  }: {
    readonly slabPool: SlabPool;
    readonly maxAccessUnitBytes: number;
    readonly events: H264DepacketizerEvents;
  }) {
    this.#assembler = new AccessUnitAssembler({ slabPool, maxBytes: maxAccessUnitBytes });
    this.#events = events;
  }

  /** Takes parameter sets from `sprop-parameter-sets` (RFC 6184 §8.1); what is none is passed over. */
  offerParameterSets(sprop: string): void {
    for (const base64 of sprop.split(',').slice(0, 16)) {
      this.#assembler.offerParameterSet(Buffer.from(base64, 'base64'));
    }
  }

  push(packet: RtpPacket): void {
    if (packet.lostBefore > 0) this.#noteLoss(packet.lostBefore);
    if (this.#timestamp !== undefined && packet.timestamp !== this.#timestamp) this.#endByTimestamp();
    this.#timestamp = packet.timestamp;
    this.#arrivalMonotonicMs = packet.arrivalMonotonicMs;
    if (packet.end > packet.start) this.#readPayload(packet);
    if (packet.marker && this.#trustsMarker) this.#endByMarker();
  }

  /** Gives its memory back, when no more packets come. */
  release(): void {
    this.#assembler.release();
  }

  #readPayload(packet: RtpPacket): void {
    const { bytes, start, end } = packet;
    const type = (bytes[start] ?? 0) & 0x1f;
    if (type === PacketType.fuA) {
      this.#readFragment(bytes, start, end);
    } else if (type === PacketType.stapA) {
      this.#readAggregate(bytes, start + 1, end);
    } else if (type >= 1 && type < PacketType.stapA) {
      this.#readNal(bytes, start, end);
    } else {
      this.#isDamaged = true;
    }
  }

  #readNal(bytes: Buffer, start: number, end: number): void {
    const isComplete =
      this.#assembler.beginNal(bytes[start] ?? 0) && this.#assembler.append(bytes, start + 1, end);
    if (!isComplete) this.#isDamaged = true;
    this.#endNal();
  }

  /** RFC 6184 §5.7.1: NAL units, each after its 16-bit size. */
  #readAggregate(bytes: Buffer, from: number, end: number): void {
    let position = from;
    while (position + 2 < end) {
      const nal = position + 2;
      const size = bytes.readUInt16BE(position);
      if (nal + size > end) {
        this.#isDamaged = true;
        return;
      }
      if (size > 0) this.#readNal(bytes, nal, nal + size);
      position = nal + size;
    }
  }

  /** RFC 6184 §5.8. The type in the first fragment holds, whatever later ones say. */
  #readFragment(bytes: Buffer, start: number, end: number): void {
    if (end - start < 2) return;
    const header = bytes[start + 1] ?? 0;
    const isStart = (header & 0x80) !== 0;
    const isEnd = (header & 0x40) !== 0;
    if (isStart) {
      this.#endNal();
      if (!this.#assembler.beginNal(((bytes[start] ?? 0) & 0xe0) | (header & 0x1f))) this.#isDamaged = true;
    } else if (!this.#assembler.isInsideNal) {
      this.#isDamaged = true;
      return;
    }
    if (!this.#assembler.append(bytes, start + 2, end)) this.#isDamaged = true;
    if (isEnd) this.#endNal();
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
      ...unit,
      timestamp,
      parameterSets: this.#assembler.parameterSets,
      arrivalMonotonicMs: this.#arrivalMonotonicMs,
    });
  }
}
