/** Writes RTCP packets for tests: RFC 3550 §6.4.1. */
export interface SenderReportFields {
  readonly source: number;
  /** Without it, the sender says that it has no clock. */
  readonly utcMs: number | undefined;
  readonly rtpTimestamp: number;
}

export function senderReport({ source, utcMs, rtpTimestamp }: SenderReportFields): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.writeUInt32BE(0x80c8_0006, 0);
  bytes.writeUInt32BE(source, 4);
  if (utcMs !== undefined) {
    bytes.writeUInt32BE(Math.floor(utcMs / 1_000) + 2_208_988_800, 8);
    bytes.writeUInt32BE(Math.round((utcMs % 1_000) * (2 ** 32 / 1_000)), 12);
  }
  bytes.writeUInt32BE(rtpTimestamp, 16);
  bytes.writeUInt32BE(1, 20);
  bytes.writeUInt32BE(100, 24);
  return bytes;
}
