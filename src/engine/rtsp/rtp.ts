/** RTP packets (RFC 3550 §5.1) of one track: header, order, losses, timestamps without wrap. */

/** The packet being looked at. One object serves all packets of a track: copy what must outlive the call. */
export interface RtpPacket {
  readonly bytes: Buffer;
  /** The payload is `bytes[start, end)`, padding left out. */
  readonly start: number;
  readonly end: number;
  readonly marker: boolean;
  /** In the track's clock, without wrap, from the first packet's 32-bit value on. */
  readonly timestamp: number;
  /** Packets missing before this one. */
  readonly lostBefore: number;
  readonly arrivalMonotonicMs: number;
}

export interface RtpCounters {
  packets: number;
  lost: number;
  /** Malformed, of another payload type, late or doubled. */
  ignored: number;
  sourceChanges: number;
}

const HEADER_BYTES = 12;
/** So many packets in a row of another source, and it is the source from now on; fewer are stray packets of a former session. */
const SOURCE_CHANGE_PACKETS = 8;
/** Going back by less than this is a late or doubled packet, by more a new start of the sequence. */
const LATE_PACKETS = 64;

type MutablePacket = { -readonly [Key in keyof RtpPacket]: RtpPacket[Key] };

export class RtpReceiver {
  readonly counters: RtpCounters = { packets: 0, lost: 0, ignored: 0, sourceChanges: 0 };
  readonly #payloadType: number;
  readonly #onPacket: (packet: RtpPacket) => void;
  readonly #packet: MutablePacket = {
    bytes: Buffer.alloc(0),
    start: 0,
    end: 0,
    marker: false,
    timestamp: 0,
    lostBefore: 0,
    arrivalMonotonicMs: 0,
  };
  #source: number | undefined;
  #strangers = 0;
  #sequence = 0;
  #timestamp32 = 0;

  constructor({
    payloadType,
    onPacket,
  }: {
    readonly payloadType: number;
    readonly onPacket: (packet: RtpPacket) => void;
  }) {
    this.#payloadType = payloadType;
    this.#onPacket = onPacket;
  }

  /** Takes the RTP packet in `bytes[range.start, range.end)`. */
  receive(
    bytes: Buffer,
    range: { readonly start: number; readonly end: number },
    arrivalMonotonicMs: number,
  ): void {
    const packet = this.#packet;
    packet.bytes = bytes;
    if (!this.#locatePayload(range.start, range.end)) {
      this.counters.ignored += 1;
      return;
    }
    const sequence = bytes.readUInt16BE(range.start + 2);
    const timestamp32 = bytes.readUInt32BE(range.start + 4);
    const source = bytes.readUInt32BE(range.start + 8);
    if (!this.#accepts(source, sequence, timestamp32)) {
      this.counters.ignored += 1;
      return;
    }
    this.#sequence = sequence;
    // The difference modulo 2^32, read as a signed number: B-frames go back.
    packet.timestamp += (timestamp32 - this.#timestamp32) | 0;
    this.#timestamp32 = timestamp32;
    packet.arrivalMonotonicMs = arrivalMonotonicMs;
    this.counters.packets += 1;
    this.#onPacket(packet);
  }

  /** Decides by source and sequence number; sets `lostBefore`. */
  #accepts(source: number, sequence: number, timestamp32: number): boolean {
    const packet = this.#packet;
    packet.lostBefore = 0;
    if (this.#source === undefined) {
      this.#source = source;
      packet.timestamp = timestamp32;
      this.#timestamp32 = timestamp32;
      return true;
    }
    if (source !== this.#source) {
      this.#strangers += 1;
      if (this.#strangers < SOURCE_CHANGE_PACKETS) return false;
      this.#source = source;
      this.counters.sourceChanges += 1;
      // What came of the new source before is unknown, so something is taken to be missing.
      packet.lostBefore = 1;
      packet.timestamp = timestamp32;
      this.#timestamp32 = timestamp32;
      this.#strangers = 0;
      return true;
    }
    this.#strangers = 0;
    const step = (sequence - this.#sequence) & 0xffff;
    if (step === 0 || step > 0x1_0000 - LATE_PACKETS) return false;
    // A new start of the sequence: how many are missing cannot be known.
    packet.lostBefore = step < 0x8000 ? step - 1 : 1;
    this.counters.lost += packet.lostBefore;
    return true;
  }

  /** RFC 3550 §5.1 and §5.3.1: behind contributing sources and extension, before the padding. */
  #locatePayload(start: number, end: number): boolean {
    const packet = this.#packet;
    const bytes = packet.bytes;
    if (end - start < HEADER_BYTES) return false;
    const first = bytes[start] ?? 0;
    const second = bytes[start + 1] ?? 0;
    if (first >> 6 !== 2 || (second & 0x7f) !== this.#payloadType) return false;
    let payloadStart = start + HEADER_BYTES + 4 * (first & 0x0f);
    if ((first & 0x10) !== 0) {
      if (payloadStart + 4 > end) return false;
      payloadStart += 4 + 4 * bytes.readUInt16BE(payloadStart + 2);
    }
    let payloadEnd = end;
    if ((first & 0x20) !== 0) payloadEnd -= bytes[end - 1] ?? 0;
    if (payloadStart > payloadEnd) return false;
    packet.start = payloadStart;
    packet.end = payloadEnd;
    packet.marker = (second & 0x80) !== 0;
    return true;
  }
}
