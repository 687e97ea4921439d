/** H.264 over RTP in packetization mode 1 (RFC 6184). */

import { nalType, nalTypeOf, type AccessUnit } from '../clip/annex-b.ts';
import { frameUnit, maximumPacketLength, rtpHeaderLength, type PacketizedUnit } from './packetized.ts';

const maximumPayloadLength = maximumPacketLength - rtpHeaderLength;
const stapAType = 24;
const fragmentationUnitAType = 28;

/** Packs one access unit: parameter sets together in a STAP-A, small NAL units alone, large ones as FU-A. */
export function packetizeH264(accessUnit: AccessUnit, payloadType: number): PacketizedUnit {
  const parameterSets = accessUnit.nalUnits.filter(isParameterSet);
  const others = accessUnit.nalUnits.filter((nalUnit) => !isParameterSet(nalUnit));
  const aggregate = parameterSets.length > 1 ? [aggregateSingleTime(parameterSets)] : [parameterSets];
  const payloads = [...aggregate.filter((payload) => payload.length > 0), ...others.flatMap(payloadsOf)];
  return frameUnit(payloads, payloadType);
}

function isParameterSet(nalUnit: Buffer): boolean {
  const type = nalTypeOf(nalUnit);
  return type === nalType.sps || type === nalType.pps;
}

/** STAP-A (RFC 6184 §5.7.1): every NAL unit after its 16-bit size. */
function aggregateSingleTime(nalUnits: readonly Buffer[]): Buffer[] {
  const importance = Math.max(...nalUnits.map((nalUnit) => (nalUnit[0] ?? 0) & 0x60));
  const sized = nalUnits.flatMap((nalUnit) => {
    const size = Buffer.alloc(2);
    size.writeUInt16BE(nalUnit.length);
    return [size, nalUnit];
  });
  return [Buffer.of(importance | stapAType), ...sized];
}

/** A single NAL unit packet (§5.6), or fragments of type FU-A (§5.8) when the NAL unit is too long for one. */
function payloadsOf(nalUnit: Buffer): Buffer[][] {
  if (nalUnit.length <= maximumPayloadLength) return [[nalUnit]];
  const header = nalUnit.readUInt8(0);
  const indicator = (header & 0xe0) | fragmentationUnitAType;
  const fragmentLength = maximumPayloadLength - 2;
  const payloads: Buffer[][] = [];
  for (let start = 1; start < nalUnit.length; start += fragmentLength) {
    const end = Math.min(start + fragmentLength, nalUnit.length);
    const startBit = start === 1 ? 0x80 : 0;
    const endBit = end === nalUnit.length ? 0x40 : 0;
    payloads.push([Buffer.of(indicator, startBit | endBit | (header & 0x1f)), nalUnit.subarray(start, end)]);
  }
  return payloads;
}
