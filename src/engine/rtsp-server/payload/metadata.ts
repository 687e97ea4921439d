import { dynamicPayloadTypes } from './format.ts';
import type { PayloadFormat } from './format.ts';

/** ONVIF metadata in RTP (ONVIF Streaming Specification §5.1.2.1.1): a document in as many packets as it needs. */
export function metadataPayload(): PayloadFormat {
  return {
    kind: 'metadata',
    media: 'application',
    payloadType: dynamicPayloadTypes.metadata,
    clockRate: 90_000,
    encoding: 'vnd.onvif.metadata/90000',
    write({ data }, payloads) {
      for (let from = 0; from < data.length; from += payloads.limitBytes) {
        const to = Math.min(data.length, from + payloads.limitBytes);
        payloads.begin({ marker: to === data.length });
        payloads.append(data, from, to);
      }
      return data.length > 0;
    },
  };
}
