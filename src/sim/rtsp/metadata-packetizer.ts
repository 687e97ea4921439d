/** ONVIF metadata over RTP (ONVIF Streaming Specification §5.1.2.1.1): an XML document cut where packets end, the marker last. */

import { frameUnit, maximumPacketLength, rtpHeaderLength, type PacketizedUnit } from './packetized.ts';

const maximumPayloadLength = maximumPacketLength - rtpHeaderLength;

export function packetizeMetadata(document: Buffer, payloadType: number): PacketizedUnit {
  const payloads: Buffer[][] = [];
  for (let start = 0; start < document.length; start += maximumPayloadLength) {
    payloads.push([document.subarray(start, start + maximumPayloadLength)]);
  }
  return frameUnit(payloads, payloadType);
}
