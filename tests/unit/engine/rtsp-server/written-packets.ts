import type { PayloadFormat } from '../../../../src/engine/rtsp-server/payload/index.ts';
import type { Sample } from '../../../../src/engine/media/sample.ts';

export interface WrittenPacket {
  readonly marker: boolean;
  readonly ticksLater: number;
  readonly payload: Buffer;
}

/** What a format makes of a sample; undefined when it refuses it. */
export function packetsOf(
  format: PayloadFormat,
  sample: Sample,
  limitBytes = 100,
): readonly WrittenPacket[] | undefined {
  const packets: { marker: boolean; ticksLater: number; payload: Buffer }[] = [];
  const last = (): { payload: Buffer } => {
    const packet = packets.at(-1);
    if (packet === undefined) throw new Error('A payload was written before its packet began.');
    return packet;
  };
  const isWritten = format.write(sample, {
    limitBytes,
    begin: ({ marker, ticksLater = 0 }) => packets.push({ marker, ticksLater, payload: Buffer.alloc(0) }),
    byte(value) {
      last().payload = Buffer.concat([last().payload, Buffer.of(value)]);
    },
    append(source, start, end) {
      last().payload = Buffer.concat([last().payload, source.subarray(start, end)]);
    },
  });
  return isWritten ? packets : undefined;
}

export function sampleOf(track: Sample['track'], data: Uint8Array, change: Partial<Sample> = {}): Sample {
  return { track, data, dts90k: 0, pts90k: 0, isSync: true, arrivalMonotonicMs: 0, utcMs: 0, ...change };
}

/** NAL units as a sample has them. */
export function accessUnit(...nals: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    nals.flatMap((nal) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(nal.length);
      return [length, nal];
    }),
  );
}

/** Bytes that differ from their neighbours. */
export function counting(length: number, ...head: readonly number[]): Buffer {
  return Buffer.from([...head, ...Array.from({ length: length - head.length }, (_, index) => index % 251)]);
}
