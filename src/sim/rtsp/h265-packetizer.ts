/** H.265 over RTP without interleaving (RFC 7798). */

import type { AccessUnit } from '../clip/annex-b.ts';
import { h265NalType, h265NalTypeOf } from '../clip/annex-b-h265.ts';
import { frameUnit, maximumPacketLength, rtpHeaderLength, type PacketizedUnit } from './packetized.ts';

const maximumPayloadLength = maximumPacketLength - rtpHeaderLength;
const aggregationType = 48;
const fragmentationType = 49;
const nalHeaderLength = 2;

/** Packs one access unit: parameter sets together in an aggregation packet, small NAL units alone, large ones in fragments. */
export function packetizeH265(accessUnit: AccessUnit, payloadType: number): PacketizedUnit {
  const parameterSets = accessUnit.nalUnits.filter(isParameterSet);
  const others = accessUnit.nalUnits.filter((nalUnit) => !isParameterSet(nalUnit));
  const aggregate = parameterSets.length > 1 ? [aggregationPacket(parameterSets)] : [parameterSets];
  const payloads = [...aggregate.filter((payload) => payload.length > 0), ...others.flatMap(payloadsOf)];
  return frameUnit(payloads, payloadType);
}

function isParameterSet(nalUnit: Buffer): boolean {
  const type = h265NalTypeOf(nalUnit);
  return type >= h265NalType.vps && type <= h265NalType.pps;
}

/** RFC 7798 §4.4.2: layer 0, the lowest temporal layer, every NAL unit after its 16-bit size. */
function aggregationPacket(nalUnits: readonly Buffer[]): Buffer[] {
  const sized = nalUnits.flatMap((nalUnit) => {
    const size = Buffer.alloc(2);
    size.writeUInt16BE(nalUnit.length);
    return [size, nalUnit];
  });
  return [Buffer.of(aggregationType << 1, 1), ...sized];
}

/** A single NAL unit packet (§4.4.1), or fragmentation units (§4.4.3) when the NAL unit is too long for one. */
function payloadsOf(nalUnit: Buffer): Buffer[][] {
  if (nalUnit.length <= maximumPayloadLength) return [[nalUnit]];
  const type = h265NalTypeOf(nalUnit);
  const [first = 0, second = 0] = nalUnit;
  const fragmentLength = maximumPayloadLength - nalHeaderLength - 1;
  const payloads: Buffer[][] = [];
  for (let start = nalHeaderLength; start < nalUnit.length; start += fragmentLength) {
    const end = Math.min(start + fragmentLength, nalUnit.length);
    const startBit = start === nalHeaderLength ? 0x80 : 0;
    const endBit = end === nalUnit.length ? 0x40 : 0;
    const header = Buffer.of((first & 0x81) | (fragmentationType << 1), second, startBit | endBit | type);
    payloads.push([header, nalUnit.subarray(start, end)]);
  }
  return payloads;
}
