import type { G711Track } from '../../media/sample.ts';
import { dynamicPayloadTypes } from './format.ts';
import type { PayloadFormat } from './format.ts';

/** RFC 3551 §6, for 8 kHz and one channel. */
const staticPayloadTypes = { pcmu: 0, pcma: 8 } as const;

/** G.711 in RTP (RFC 3551 §4.5.14): the bytes as they are. */
export function g711Payload({ codec, sampleRate, channels }: G711Track): PayloadFormat {
  const isStatic = sampleRate === 8_000 && channels === 1;
  return {
    kind: 'audio',
    media: 'audio',
    payloadType: isStatic ? staticPayloadTypes[codec] : dynamicPayloadTypes.audio,
    clockRate: sampleRate,
    encoding: `${codec.toUpperCase()}/${sampleRate}${channels === 1 ? '' : `/${channels}`}`,
    write({ data }, payloads) {
      const room = payloads.limitBytes - (payloads.limitBytes % channels);
      for (let from = 0; from < data.length; from += room) {
        const to = Math.min(data.length, from + room);
        payloads.begin({ marker: false, ticksLater: from / channels });
        payloads.append(data, from, to);
      }
      return data.length > 0;
    },
  };
}
