/** RTCP (RFC 3550 §6): what senders tell, and what a receiver answers. */

/** The clock of one source at one moment (RFC 3550 §6.4.1). */
export interface SenderReport {
  readonly source: number;
  /** Milliseconds since 1970 UTC as the sender has it; undefined when it says that it has no clock (zero). */
  readonly ntpUtcMs: number | undefined;
  /** The middle 32 bits of the NTP timestamp, which a receiver sends back (LSR). */
  readonly ntpMiddle32: number;
  /** The same moment on the wire's 32-bit RTP clock. */
  readonly rtpTimestamp32: number;
}

export interface RtcpEvents {
  onSenderReport(report: SenderReport): void;
}

/** RFC 3550 §12.1. */
const PacketType = { senderReport: 200, receiverReport: 201, sourceDescription: 202 } as const;
const HEADER_BYTES = 4;
const SENDER_INFORMATION_END = 28;
const CNAME = 1;

/** Seconds from 1900, where NTP's era 0 begins, to 1970. */
const NTP_TO_UNIX_SECONDS = 2_208_988_800;
const NTP_ERA_SECONDS = 2 ** 32;

/**
 * Reads the compound packet in `bytes[range.start, range.end)` and yields how many packets it holds; those before a
 * malformed one count. Devices omit the receiver report or the description that the standard demands.
 */
export function readRtcp(
  bytes: Buffer,
  range: { readonly start: number; readonly end: number },
  events: RtcpEvents,
): number {
  let position = range.start;
  let packets = 0;
  while (position + HEADER_BYTES <= range.end) {
    const type = bytes[position + 1] ?? 0;
    const end = position + 4 * (bytes.readUInt16BE(position + 2) + 1);
    // RFC 5761 §4: 192 to 223 are RTCP.
    if ((bytes[position] ?? 0) >> 6 !== 2 || type < 192 || type > 223 || end > range.end) break;
    if (type === PacketType.senderReport && end - position >= SENDER_INFORMATION_END) {
      events.onSenderReport(senderReportAt(bytes, position));
    }
    packets += 1;
    position = end;
  }
  return packets;
}

function senderReportAt(bytes: Buffer, start: number): SenderReport {
  const seconds = bytes.readUInt32BE(start + 8);
  const fraction = bytes.readUInt32BE(start + 12);
  return {
    source: bytes.readUInt32BE(start + 4),
    ntpUtcMs: seconds === 0 && fraction === 0 ? undefined : ntpToUtcMs(seconds, fraction),
    ntpMiddle32: bytes.readUInt32BE(start + 10),
    rtpTimestamp32: bytes.readUInt32BE(start + 16),
  };
}

/** RFC 4330 §3: without the highest bit it is era 1, which begins in 2036. */
function ntpToUtcMs(seconds: number, fraction: number): number {
  const eraSeconds = seconds < NTP_ERA_SECONDS / 2 ? NTP_ERA_SECONDS : 0;
  return (seconds + eraSeconds - NTP_TO_UNIX_SECONDS) * 1_000 + (fraction * 1_000) / 2 ** 32;
}

/** How one source is received (RFC 3550 §6.4.1); all fields as on the wire, but `cumulativeLost` signed. */
export interface ReceptionReport {
  readonly source: number;
  /** Lost of the packets expected since the last report, in 1/256. */
  readonly fractionLost: number;
  readonly cumulativeLost: number;
  readonly extendedHighestSequence: number;
  /** In units of the RTP clock. */
  readonly jitter: number;
  readonly lastSenderReport: number;
  /** In 1/65536 s. */
  readonly delaySinceLastSenderReport: number;
}

const MAX_CUMULATIVE_LOST = 0x7f_ffff;

/** A compound packet of receiver report (§6.4.2) and CNAME (§6.5.1), the least that §6.1 allows. */
export function formatReceiverReport({
  ownSource,
  cname,
  reports,
}: {
  readonly ownSource: number;
  /** At most 255 bytes. */
  readonly cname: string;
  /** At most 31. */
  readonly reports: readonly ReceptionReport[];
}): Buffer {
  const name = Buffer.from(cname, 'utf8').subarray(0, 0xff);
  const reportBytes = 8 + 24 * reports.length;
  // A chunk ends with at least one zero byte and on a whole word.
  const descriptionBytes = 4 * Math.ceil((4 + 4 + 2 + name.length + 1) / 4);
  const bytes = Buffer.alloc(reportBytes + descriptionBytes);
  writeHeader(bytes, 0, { count: reports.length, type: PacketType.receiverReport, length: reportBytes });
  bytes.writeUInt32BE(ownSource, 4);
  for (const [index, report] of reports.entries()) writeReport(bytes, 8 + 24 * index, report);
  writeHeader(bytes, reportBytes, {
    count: 1,
    type: PacketType.sourceDescription,
    length: descriptionBytes,
  });
  bytes.writeUInt32BE(ownSource, reportBytes + 4);
  bytes[reportBytes + 8] = CNAME;
  bytes[reportBytes + 9] = name.length;
  name.copy(bytes, reportBytes + 10);
  return bytes;
}

function writeHeader(
  bytes: Buffer,
  at: number,
  { count, type, length }: { readonly count: number; readonly type: number; readonly length: number },
): void {
  bytes[at] = 0x80 | count;
  bytes[at + 1] = type;
  bytes.writeUInt16BE(length / 4 - 1, at + 2);
}

function writeReport(bytes: Buffer, at: number, report: ReceptionReport): void {
  const lost = Math.max(-MAX_CUMULATIVE_LOST - 1, Math.min(MAX_CUMULATIVE_LOST, report.cumulativeLost));
  bytes.writeUInt32BE(report.source, at);
  bytes[at + 4] = report.fractionLost;
  bytes.writeIntBE(lost, at + 5, 3);
  bytes.writeUInt32BE(report.extendedHighestSequence, at + 8);
  bytes.writeUInt32BE(report.jitter, at + 12);
  bytes.writeUInt32BE(report.lastSenderReport, at + 16);
  bytes.writeUInt32BE(report.delaySinceLastSenderReport, at + 20);
}

/**
 * What opens the way for a server's packets through firewalls: an RTP packet without payload. Devices ignore what comes to
 * the port that they send from.
 */
export function formatEmptyRtpPacket(ownSource: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes[0] = 0x80;
  bytes.writeUInt32BE(ownSource, 8);
  return bytes;
}
