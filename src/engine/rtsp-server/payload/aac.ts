import type { AacTrack } from '../../media/sample.ts';
import { dynamicPayloadTypes } from './format.ts';
import type { PayloadFormat } from './format.ts';

/** AU-headers-length (16 bits), and one AU-header of 13 bits size and 3 bits index. */
const AU_HEADER_SECTION_BYTES = 4;
const AU_HEADER_BITS = 16;
const LARGEST_FRAME_BYTES = 0x1fff;

/** AAC in RTP (RFC 3640 §3.3.6, mode AAC-hbr): one frame a packet, or a large frame in fragments (§3.2.3.1). */
export function aacPayload({ audioSpecificConfig, sampleRate, channels }: AacTrack): PayloadFormat {
  const config = Buffer.from(audioSpecificConfig).toString('hex').toUpperCase();
  return {
    kind: 'audio',
    media: 'audio',
    payloadType: dynamicPayloadTypes.audio,
    clockRate: sampleRate,
    encoding: `MPEG4-GENERIC/${sampleRate}/${channels}`,
    parameters: `streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=${config}`,
    write({ data }, payloads) {
      if (data.length === 0 || data.length > LARGEST_FRAME_BYTES) return false;
      const room = payloads.limitBytes - AU_HEADER_SECTION_BYTES;
      for (let from = 0; from < data.length; from += room) {
        const to = Math.min(data.length, from + room);
        payloads.begin({ marker: to === data.length });
        payloads.byte(0);
        payloads.byte(AU_HEADER_BITS);
        // Of a fragment too the size is that of the whole frame.
        payloads.byte(data.length >> 5);
        payloads.byte((data.length & 0x1f) << 3);
        payloads.append(data, from, to);
      }
      return true;
    },
  };
}
