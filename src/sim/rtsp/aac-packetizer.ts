/** AAC over RTP in the mode AAC-hbr (RFC 3640 §3.3.6): 13 bits of size and 3 bits of index per access unit. */

import { frameUnit, maximumPacketLength, rtpHeaderLength, type PacketizedUnit } from './packetized.ts';

const sectionLength = 4;

/** One access unit in one packet. Throws a RangeError when it is too long for that, which speech and ambient sound never are. */
export function packetizeAac(accessUnit: Buffer, payloadType: number): PacketizedUnit {
  if (accessUnit.length > maximumPacketLength - rtpHeaderLength - sectionLength) {
    throw new RangeError(`An AAC access unit of ${accessUnit.length} bytes does not fit one packet.`);
  }
  const headerSection = Buffer.alloc(sectionLength);
  headerSection.writeUInt16BE(16, 0);
  headerSection.writeUInt16BE(accessUnit.length << 3, 2);
  return frameUnit([[headerSection, accessUnit]], payloadType);
}
