import type { OpusTrack } from '../../media/sample.ts';
import { dynamicPayloadTypes } from './format.ts';
import type { PayloadFormat } from './format.ts';

/** Opus in RTP (RFC 7587): always 48 kHz and two channels in SDP, whatever is inside; a packet is never cut. */
export function opusPayload({ channels }: OpusTrack): PayloadFormat {
  return {
    kind: 'audio',
    media: 'audio',
    payloadType: dynamicPayloadTypes.audio,
    clockRate: 48_000,
    encoding: 'opus/48000/2',
    ...(channels === 2 ? { parameters: 'sprop-stereo=1' } : {}),
    write({ data }, payloads) {
      if (data.length === 0 || data.length > payloads.limitBytes) return false;
      payloads.begin({ marker: false });
      payloads.append(data, 0, data.length);
      return true;
    },
  };
}
