import { expect, it } from 'vitest';
import { toAnnexB } from '../../../../src/engine/transcode/index.ts';
import type { H265Track } from '../../../../src/engine/media/sample.ts';
import { hex } from '../media/fmp4/byte-source.ts';
import { syntheticDescription } from '../recording/synthetic-stream.ts';

const { video } = syntheticDescription(false);
const picture = Uint8Array.from([0, 0, 0, 2, 0x65, 1, 0, 0, 0, 3, 0x65, 2, 3]);

it('puts parameter sets and NAL units after start codes', () => {
  const h265: H265Track = {
    kind: 'video',
    codec: 'h265',
    vps: Uint8Array.of(0x40, 1),
    sps: Uint8Array.of(0x42, 1),
    pps: Uint8Array.of(0x44, 1),
    width: 640,
    height: 360,
  };
  expect(hex(toAnnexB(h265, picture))).toBe(
    ['4001', '4201', '4401', '6501', '650203'].map((nal) => `00000001${nal}`).join(''),
  );
});

it.each([
  ['a length beyond the end', [0, 0, 0, 9, 0x65]],
  ['half a length', [0, 0]],
  ['nothing', []],
])('ends with the whole NAL units before %s', (_what, tail) => {
  const cut = Uint8Array.from([...picture, ...tail]);
  expect(hex(toAnnexB(video, cut))).toBe(hex(toAnnexB(video, picture)));
});
