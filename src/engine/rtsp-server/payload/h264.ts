import type { H264Track, Sample } from '../../media/sample.ts';
import { dynamicPayloadTypes } from './format.ts';
import type { PayloadFormat, PayloadWriter } from './format.ts';
import { fragmentFlags, nalRanges } from './nal-units.ts';
import type { NalRange } from './nal-units.ts';

const FU_A = 28;
const FU_HEADER_BYTES = 2;

/** H.264 in RTP, non-interleaved (RFC 6184, packetization-mode 1). Parameter sets also go before every sync picture. */
export function h264Payload({ sps, pps }: Pick<H264Track, 'sps' | 'pps'>): PayloadFormat {
  const parameterSets = [sps, pps];
  const profileLevelId = Buffer.from(sps.subarray(1, 4)).toString('hex').toUpperCase();
  const sprop = parameterSets.map((set) => Buffer.from(set).toString('base64')).join(',');
  return {
    kind: 'video',
    media: 'video',
    payloadType: dynamicPayloadTypes.video,
    clockRate: 90_000,
    encoding: 'H264/90000',
    parameters: `packetization-mode=1;profile-level-id=${profileLevelId};sprop-parameter-sets=${sprop}`,
    write(sample: Sample, payloads: PayloadWriter) {
      const ranges = nalRanges(sample.data);
      if (ranges.length === 0) return false;
      if (sample.isSync) {
        for (const set of parameterSets) {
          writeNal(payloads, set, { start: 0, end: set.length, isLast: false });
        }
      }
      for (const range of ranges) writeNal(payloads, sample.data, range);
      return true;
    },
  };
}

function writeNal(payloads: PayloadWriter, bytes: Uint8Array, { start, end, isLast }: NalRange): void {
  if (end - start <= payloads.limitBytes) {
    payloads.begin({ marker: isLast });
    payloads.append(bytes, start, end);
    return;
  }
  const header = bytes[start] ?? 0;
  const room = payloads.limitBytes - FU_HEADER_BYTES;
  // The NAL unit's header travels in the fragments' own two bytes: RFC 6184 §5.8.
  for (let from = start + 1; from < end; from += room) {
    const to = Math.min(end, from + room);
    payloads.begin({ marker: isLast && to === end });
    payloads.byte((header & 0xe0) | FU_A);
    payloads.byte(
      (header & 0x1f) | (from === start + 1 ? fragmentFlags.start : 0) | (to === end ? fragmentFlags.end : 0),
    );
    payloads.append(bytes, from, to);
  }
}
