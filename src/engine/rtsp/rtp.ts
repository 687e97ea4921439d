/** RTP packets (RFC 3550 §5.1) of one track: header, order, losses, timestamps without wrap. */
import { ReceptionStatistics } from './reception-statistics.ts';
import { DEFAULT_REORDER_LIMITS, ReorderWindow } from './reorder-window.ts';
import type { ReorderLimits } from './reorder-window.ts';
import { readRtcp } from './rtcp.ts';
import type { ReceptionReport, RtcpEvents, SenderReport } from './rtcp.ts';

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

/** What the camera's wall clock showed at a moment of the track (RFC 3550 §6.4.1). Cameras tell nonsense here: judge it first. */
export interface TrackSenderReport {
  /** Milliseconds since 1970 UTC, by the camera's clock. */
  readonly ntpUtcMs: number;
  /** On the same clock as `RtpPacket.timestamp`. */
  readonly rtpTimestamp: number;
  readonly arrivalMonotonicMs: number;
}

export interface RtpCounters {
  packets: number;
  lost: number;
  /** Malformed, of another payload type, or of another source. */
  ignored: number;
  /** Came when their place had been given up. */
  late: number;
  doubled: number;
  /** Came after one that follows them, and were put in order. */
  reordered: number;
  sourceChanges: number;
}

export interface RtpReceiverOptions {
  readonly payloadType: number;
  /** Of the track, in Hz; what jitter is measured in. 90000 unless stated. */
  readonly clockRate?: number | undefined;
  readonly onPacket: (packet: RtpPacket) => void;
  readonly onSenderReport?: (report: TrackSenderReport) => void;
}

interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const HEADER_BYTES = 12;
/** So many packets in a row of another source, and it is the source from now on; fewer are stray packets of a former session. */
const SOURCE_CHANGE_PACKETS = 8;
/** Going back by less than this is a late or doubled packet, by more a new start of the sequence. */
const LATE_PACKETS = 64;

type MutablePacket = { -readonly [Key in keyof RtpPacket]: RtpPacket[Key] };

/** Receives one track, in the order of arrival over TCP, through a reordering window over UDP. */
export class RtpReceiver implements RtcpEvents {
  readonly counters: RtpCounters = {
    packets: 0,
    lost: 0,
    ignored: 0,
    late: 0,
    doubled: 0,
    reordered: 0,
    sourceChanges: 0,
  };
  readonly #payloadType: number;
  readonly #onPacket: (packet: RtpPacket) => void;
  readonly #onSenderReport: ((report: TrackSenderReport) => void) | undefined;
  readonly #statistics: ReceptionStatistics;
  readonly #packet: MutablePacket = {
    bytes: Buffer.alloc(0),
    start: 0,
    end: 0,
    marker: false,
    timestamp: 0,
    lostBefore: 0,
    arrivalMonotonicMs: 0,
  };
  #window: ReorderWindow | undefined;
  /** As a signed number, like `#timestamp32`: those need no memory of their own. */
  #source: number | undefined;
  #strangers = 0;
  /** Of the packet passed on last; undefined when the next one begins a sequence. */
  #sequence: number | undefined;
  #timestamp32 = 0;
  #hasDelivered = false;
  #controlArrivalMonotonicMs = 0;
  /** Came before the first packet, to whose clock it has to be brought. */
  #earlyReport: { readonly report: SenderReport; readonly arrivalMonotonicMs: number } | undefined;

  constructor({ payloadType, clockRate = 90_000, onPacket, onSenderReport }: RtpReceiverOptions) {
    this.#payloadType = payloadType;
    this.#onPacket = onPacket;
    this.#onSenderReport = onSenderReport;
    this.#statistics = new ReceptionStatistics(clockRate);
  }

  /** From now on packets may come in any order; each comes in a buffer of its own, which may be kept. */
  useReordering(limits: ReorderLimits = DEFAULT_REORDER_LIMITS): void {
    this.#window = new ReorderWindow(limits, (bytes, arrivalMonotonicMs) => {
      this.#packet.bytes = bytes;
      if (this.#locatePayload(0, bytes.length)) this.#deliver(0, arrivalMonotonicMs);
    });
  }

  /** To be called now and then while reordering, so that a gap at the end of a burst does not hold the burst back. */
  flushDue(nowMonotonicMs: number): void {
    this.#window?.flushDue(nowMonotonicMs);
  }

  /** Takes the RTP packet in `bytes[range.start, range.end)`; while reordering that is all of `bytes`. */
  receive(bytes: Buffer, range: ByteRange, arrivalMonotonicMs: number): void {
    const { start, end } = range;
    if (this.#packet.bytes !== bytes) this.#packet.bytes = bytes;
    if (!this.#locatePayload(start, end)) {
      this.counters.ignored += 1;
      return;
    }
    const sequence = sequenceAt(bytes, start);
    const source = int32At(bytes, start + 8);
    if (source !== this.#source && !this.#acceptsSource(source, sequence)) {
      this.counters.ignored += 1;
      return;
    }
    this.#strangers = 0;
    this.#statistics.note(sequence, int32At(bytes, start + 4), arrivalMonotonicMs);
    if (this.#window === undefined) this.#deliver(start, arrivalMonotonicMs);
    else this.#count(this.#window.push(sequence, bytes, arrivalMonotonicMs));
  }

  /** Takes the RTCP packet in `bytes[range.start, range.end)`. */
  receiveControl(bytes: Buffer, range: ByteRange, arrivalMonotonicMs: number): void {
    this.#controlArrivalMonotonicMs = arrivalMonotonicMs;
    if (readRtcp(bytes, range, this) === 0) this.counters.ignored += 1;
  }

  onSenderReport(report: SenderReport): void {
    const arrivalMonotonicMs = this.#controlArrivalMonotonicMs;
    if (!this.#hasDelivered) {
      this.#earlyReport = { report, arrivalMonotonicMs };
      return;
    }
    this.#takeSenderReport(report, arrivalMonotonicMs);
  }

  /** When the last packet came that was passed on; undefined before the first. */
  get lastPacketMonotonicMs(): number | undefined {
    return this.#hasDelivered ? this.#packet.arrivalMonotonicMs : undefined;
  }

  /** Whether the camera sends reports, and so may expect some. */
  get hasSenderReport(): boolean {
    return this.#statistics.hasSenderReport;
  }

  /** How the track is received, for a receiver report; undefined before the first packet. */
  receptionReport(nowMonotonicMs: number): ReceptionReport | undefined {
    return this.#statistics.report(nowMonotonicMs);
  }

  #takeSenderReport(report: SenderReport, arrivalMonotonicMs: number): void {
    // Of another session, or of a device that makes up a source for its reports.
    if ((report.source | 0) !== this.#source) {
      this.counters.ignored += 1;
      return;
    }
    this.#statistics.noteSenderReport(report.ntpMiddle32, arrivalMonotonicMs);
    if (report.ntpUtcMs === undefined) return;
    this.#onSenderReport?.({
      ntpUtcMs: report.ntpUtcMs,
      rtpTimestamp: this.#packet.timestamp + ((report.rtpTimestamp32 - this.#timestamp32) | 0),
      arrivalMonotonicMs,
    });
  }

  /** Of a packet that does not come from the source in hand. */
  #acceptsSource(source: number, sequence: number): boolean {
    if (this.#source !== undefined) {
      this.#strangers += 1;
      if (this.#strangers < SOURCE_CHANGE_PACKETS) return false;
      this.counters.sourceChanges += 1;
      this.#window?.flush();
      this.#sequence = undefined;
    }
    this.#source = source;
    this.#statistics.begin(source >>> 0, sequence);
    return true;
  }

  /** Passes on the packet at `start` of `#packet.bytes`, unless it comes too late. */
  #deliver(start: number, arrivalMonotonicMs: number): void {
    const packet = this.#packet;
    const sequence = sequenceAt(packet.bytes, start);
    const timestamp32 = int32At(packet.bytes, start + 4);
    if (this.#sequence === undefined) {
      // What came of a new source before is unknown, so something is taken to be missing.
      packet.lostBefore = this.#hasDelivered ? 1 : 0;
      packet.timestamp = timestamp32 >>> 0;
    } else {
      const step = (sequence - this.#sequence) & 0xffff;
      if (step === 0) {
        this.counters.doubled += 1;
        return;
      }
      if (step > 0x1_0000 - LATE_PACKETS) {
        this.counters.late += 1;
        return;
      }
      // A new start of the sequence: how many are missing cannot be known.
      packet.lostBefore = step < 0x8000 ? step - 1 : 1;
      this.counters.lost += packet.lostBefore;
      // The difference modulo 2^32, read as a signed number: B-frames go back.
      if (timestamp32 !== this.#timestamp32) packet.timestamp += (timestamp32 - this.#timestamp32) | 0;
    }
    this.#sequence = sequence;
    this.#timestamp32 = timestamp32;
    packet.arrivalMonotonicMs = arrivalMonotonicMs;
    this.counters.packets += 1;
    const isFirst = !this.#hasDelivered;
    this.#hasDelivered = true;
    this.#onPacket(packet);
    if (isFirst && this.#earlyReport !== undefined) {
      const { report, arrivalMonotonicMs: reportArrivalMonotonicMs } = this.#earlyReport;
      this.#earlyReport = undefined;
      this.#takeSenderReport(report, reportArrivalMonotonicMs);
    }
  }

  #count(verdict: ReturnType<ReorderWindow['push']>): void {
    switch (verdict) {
      case 'taken':
        return;
      case 'reordered':
        this.counters.reordered += 1;
        return;
      case 'late':
        this.counters.late += 1;
        return;
      case 'doubled':
        this.counters.doubled += 1;
    }
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

/** Fields of a packet known to have a whole header; signed, for what the methods of `Buffer` yield may need memory of its own. */
function sequenceAt(bytes: Buffer, start: number): number {
  return ((bytes[start + 2] ?? 0) << 8) | (bytes[start + 3] ?? 0);
}

function int32At(bytes: Buffer, at: number): number {
  return (
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)
  );
}
