/** MPEG-4 audio as LATM over RTP (RFC 6416 §6), the configuration in the session description. */

import { frameUnit, maximumPacketLength, rtpHeaderLength, type PacketizedUnit } from './packetized.ts';

/** One access unit behind its length, which is a sum of bytes (ISO/IEC 14496-3 §1.7.3.1, PayloadLengthInfo). */
export function packetizeLatm(accessUnit: Buffer, payloadType: number): PacketizedUnit {
  const full = Math.floor(accessUnit.length / 255);
  const length = Buffer.alloc(full + 1, 255);
  length[full] = accessUnit.length % 255;
  if (length.length + accessUnit.length > maximumPacketLength - rtpHeaderLength) {
    throw new RangeError(`An AAC access unit of ${accessUnit.length} bytes does not fit one packet.`);
  }
  return frameUnit([[length, accessUnit]], payloadType);
}

/**
 * StreamMuxConfig (ISO/IEC 14496-3 §1.7.3.1) around a two-byte AudioSpecificConfig: version 0, all streams in one time frame, one
 * subframe, program and layer; then the configuration; then frame length type 0, buffer fullness 255, no other data, no check.
 */
export function latmConfiguration(audioSpecificConfig: Buffer): Buffer {
  if (audioSpecificConfig.length !== 2)
    throw new RangeError('An AudioSpecificConfig of AAC-LC has two bytes.');
  const bits = [
    '0 1 000000 0000 000',
    audioSpecificConfig.readUInt16BE(0).toString(2).padStart(16, '0'),
    '000 11111111 0 0',
  ]
    .join('')
    .replaceAll(' ', '');
  const bytes = bits.match(/.{1,8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2)));
}
