import { describe, expect, it } from 'vitest';

import { groupH265AccessUnits } from '../../../../src/sim/clip/annex-b-h265.ts';
import { parseOggOpus } from '../../../../src/sim/clip/ogg.ts';
import { packetizeH265 } from '../../../../src/sim/rtsp/h265-packetizer.ts';
import { latmConfiguration, packetizeLatm } from '../../../../src/sim/rtsp/latm-packetizer.ts';
import { packetizeMetadata } from '../../../../src/sim/rtsp/metadata-packetizer.ts';
import {
  interleavedHeaderLength,
  rtpHeaderLength,
  type PacketizedUnit,
} from '../../../../src/sim/rtsp/packetized.ts';

const vps = Buffer.of(0x40, 1, 0xaa);
const sps = Buffer.of(0x42, 1, 0xbb, 0xbb);
const pps = Buffer.of(0x44, 1, 0xcc);
const message = Buffer.of(0x4e, 1, 5);
const suffix = Buffer.of(0x50, 1, 6);
const idr = Buffer.concat([Buffer.of(0x26, 1, 0x80), Buffer.alloc(3000, 7)]);
const slice = Buffer.of(0x02, 1, 0x80, 1);
const furtherSlice = Buffer.of(0x02, 1, 0x40, 2);

/** Payloads of the packets, and which of them have the marker. */
function packetsOf({ template, offsets }: PacketizedUnit): { payload: Buffer; marker: boolean }[] {
  return offsets.map((offset, index) => {
    const header = offset + interleavedHeaderLength;
    return {
      payload: template.subarray(header + rtpHeaderLength, offsets[index + 1] ?? template.length),
      marker: (template.readUInt8(header + 1) & 0x80) !== 0,
    };
  });
}

describe('H.265', () => {
  it('groups slices and what belongs to them', () => {
    const delimiter = Buffer.of(0x46, 1, 0x50);
    expect(
      groupH265AccessUnits([delimiter, vps, sps, pps, message, idr, suffix, slice, furtherSlice, slice]),
    ).toEqual([
      { nalUnits: [vps, sps, pps, message, idr, suffix], keyframe: true },
      { nalUnits: [slice, furtherSlice], keyframe: false },
      { nalUnits: [slice], keyframe: false },
    ]);
  });

  it('sends parameter sets together and large slices in fragments', () => {
    const packets = packetsOf(packetizeH265({ nalUnits: [vps, sps, pps, idr], keyframe: true }, 96));
    const [aggregate, ...fragments] = packets;

    expect(aggregate?.payload.toString('hex')).toBe(
      '6001 0003 4001aa 0004 4201bbbb 0003 4401cc'.replaceAll(' ', ''),
    );
    expect(fragments.map(({ payload }) => payload.toString('hex', 0, 3))).toEqual([
      '620193',
      '620113',
      '620153',
    ]);
    expect(Buffer.concat(fragments.map(({ payload }) => payload.subarray(3)))).toEqual(idr.subarray(2));
    expect(packets.map(({ marker }) => marker)).toEqual([false, false, false, true]);
  });
});

it('LATM has the length of a frame before it, as a sum', () => {
  const frame = Buffer.alloc(300, 9);
  const [packet] = packetsOf(packetizeLatm(frame, 97));
  expect(packet).toEqual({ payload: Buffer.concat([Buffer.of(255, 45), frame]), marker: true });
  expect(() => packetizeLatm(Buffer.alloc(1390), 97)).toThrow(
    'An AAC access unit of 1390 bytes does not fit one packet.',
  );
});

it('LATM is described around the configuration of AAC', () => {
  // 0 1 000000 0000 000 | 0001010110001000 | 000 11111111 0 0, by hand.
  expect(latmConfiguration(Buffer.from('1588', 'hex')).toString('hex')).toBe('40002b103fc0');
});

it('metadata ends with a marker', () => {
  const document = Buffer.alloc(2000, '<');
  const packets = packetsOf(packetizeMetadata(document, 107));
  expect(packets.map(({ payload, marker }) => [payload.length, marker])).toEqual([
    [1388, false],
    [612, true],
  ]);
});

function page(...packets: readonly Buffer[]): Buffer {
  const lengths = packets.flatMap(({ length }) => [
    ...Array<number>(Math.floor(length / 255)).fill(255),
    length % 255,
  ]);
  const header = Buffer.alloc(27);
  header.write('OggS', 0, 'latin1');
  header.writeUInt8(lengths.length, 26);
  return Buffer.concat([header, Buffer.from(lengths), ...packets]);
}

describe('Ogg', () => {
  it('gives the packets behind the headers, also long ones', () => {
    const [long, short] = [Buffer.alloc(600, 1), Buffer.of(2)];
    const file = Buffer.concat([
      page(Buffer.from('OpusHead')),
      page(Buffer.from('OpusTags')),
      page(long, short),
    ]);
    expect(parseOggOpus(file)).toEqual([long, short]);
  });

  it('says where the file is damaged', () => {
    expect(() => parseOggOpus(Buffer.from('not sound'))).toThrow('No Ogg page at byte 0.');
    expect(() => parseOggOpus(page(Buffer.from('vorbis')))).toThrow('The Ogg file has no Opus sound.');
  });
});
