import type { H265Track, Sample } from '../../media/sample.ts';
import { dynamicPayloadTypes } from './format.ts';
import type { PayloadFormat, PayloadWriter } from './format.ts';
import { fragmentFlags, nalRanges } from './nal-units.ts';
import type { NalRange } from './nal-units.ts';

const FRAGMENTATION_UNIT = 49;
const NAL_HEADER_BYTES = 2;
const FU_HEADER_BYTES = 3;

/** H.265 in RTP (RFC 7798), without DONL fields. Parameter sets also go before every sync picture. */
export function h265Payload({ vps, sps, pps }: Pick<H265Track, 'vps' | 'sps' | 'pps'>): PayloadFormat {
  const parameterSets = [vps, sps, pps];
  const [spropVps = '', spropSps = '', spropPps = ''] = parameterSets.map((set) =>
    Buffer.from(set).toString('base64'),
  );
  return {
    kind: 'video',
    media: 'video',
    payloadType: dynamicPayloadTypes.video,
    clockRate: 90_000,
    encoding: 'H265/90000',
    parameters: `sprop-vps=${spropVps};sprop-sps=${spropSps};sprop-pps=${spropPps}`,
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
  const first = bytes[start] ?? 0;
  const second = bytes[start + 1] ?? 0;
  const room = payloads.limitBytes - FU_HEADER_BYTES;
  const bodyStart = start + NAL_HEADER_BYTES;
  // The unit's type moves from its header to the third byte: RFC 7798 §4.4.3.
  for (let from = bodyStart; from < end; from += room) {
    const to = Math.min(end, from + room);
    payloads.begin({ marker: isLast && to === end });
    payloads.byte((first & 0x81) | (FRAGMENTATION_UNIT << 1));
    payloads.byte(second);
    payloads.byte(
      ((first >> 1) & 0x3f) |
        (from === bodyStart ? fragmentFlags.start : 0) |
        (to === end ? fragmentFlags.end : 0),
    );
    payloads.append(bytes, from, to);
  }
}
