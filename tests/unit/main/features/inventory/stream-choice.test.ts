import { describe, expect, it } from 'vitest';
import { chooseStreams } from '../../../../../src/main/features/inventory/stream-choice.ts';
import type { CameraProfile } from '../../../../../src/shared/contract/index.ts';

type Size = readonly [width: number, height: number];

function profile(token: string, [width, height]: Size, more: Partial<CameraProfile> = {}): CameraProfile {
  return {
    token,
    name: token,
    encoding: 'H264',
    width,
    height,
    streamUri: `rtsp://10.0.0.1/${token}`,
    ...more,
  };
}
const full = profile('full', [1920, 1080]);
const middle = profile('middle', [1280, 720]);
const small = profile('small', [640, 360]);
const tiny = profile('tiny', [176, 144]);

describe('chooseStreams', () => {
  it.each<[string, CameraProfile[], { main: CameraProfile; sub?: CameraProfile } | undefined]>([
    ['nothing of nothing', [], undefined],
    ['one profile alone', [full], { main: full }],
    [
      'the largest and the smallest that fits a tile',
      [small, tiny, full, middle],
      { main: full, sub: small },
    ],
    ['a tiny one when there is nothing better', [full, tiny], { main: full, sub: tiny }],
    ['no sub of the same size', [full, profile('copy', [1920, 1080])], { main: full }],
    ['no sub of the same stream', [full, { ...small, streamUri: full.streamUri }], { main: full }],
    [
      'the better bitrate among equals',
      [
        profile('low', [1920, 1080], { bitrateKbps: 1000 }),
        profile('high', [1920, 1080], { bitrateKbps: 4000 }),
      ],
      { main: profile('high', [1920, 1080], { bitrateKbps: 4000 }) },
    ],
    [
      'H.264 before anything larger',
      [
        profile('hevc', [3840, 2160], { encoding: 'H265' }),
        middle,
        profile('jpeg', [320, 240], { encoding: 'JPEG' }),
      ],
      { main: middle },
    ],
    [
      'another encoding when there is no H.264',
      [profile('hevc', [3840, 2160], { encoding: 'H265' })],
      { main: profile('hevc', [3840, 2160], { encoding: 'H265' }) },
    ],
  ])('chooses %s', (_what, profiles, expected) => {
    expect(chooseStreams(profiles)).toEqual(expected);
  });
});
