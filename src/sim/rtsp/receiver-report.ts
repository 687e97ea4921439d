/** What viewers tell the camera of their reception (RFC 3550 §6.4.2). */

export interface ReceiverReport {
  /** The SSRC reported on; undefined in an empty report. */
  readonly ssrc: number | undefined;
  /** In 1/256 of the packets since the last report. */
  readonly fractionLost: number;
  readonly cumulativeLost: number;
  readonly highestSequence: number;
  readonly jitter: number;
  /** Middle 32 bits of the last sender report's time; 0 without one. */
  readonly lastSenderReport: number;
  /** In 1/65536 s. */
  readonly delaySinceSenderReport: number;
}

const receiverReportType = 201;

/** The receiver report that a compound packet begins with; undefined when it begins with anything else. */
export function parseReceiverReport(packet: Buffer): ReceiverReport | undefined {
  if (packet.length < 8 || packet.readUInt8(0) >> 6 !== 2 || packet.readUInt8(1) !== receiverReportType) {
    return undefined;
  }
  const blockCount = packet.readUInt8(0) & 0x1f;
  if (packet.length < 8 + 24 * blockCount) return undefined;
  const hasBlock = blockCount > 0;
  return {
    ssrc: hasBlock ? packet.readUInt32BE(8) : undefined,
    fractionLost: hasBlock ? packet.readUInt8(12) : 0,
    cumulativeLost: hasBlock ? packet.readIntBE(13, 3) : 0,
    highestSequence: hasBlock ? packet.readUInt32BE(16) : 0,
    jitter: hasBlock ? packet.readUInt32BE(20) : 0,
    lastSenderReport: hasBlock ? packet.readUInt32BE(24) : 0,
    delaySinceSenderReport: hasBlock ? packet.readUInt32BE(28) : 0,
  };
}
