import { describe, expect, it } from 'vitest';
import { audioCodecString, audioSampleDuration, isSameAudio } from '../../../../src/engine/media/audio.ts';
import { opusPacketSamples } from '../../../../src/engine/media/opus.ts';
import type { AacTrack, G711Track, OpusTrack } from '../../../../src/engine/media/sample.ts';

const aac: AacTrack = {
  kind: 'audio',
  codec: 'aac',
  audioSpecificConfig: Uint8Array.from([0x11, 0x88]),
  sampleRate: 48_000,
  channels: 1,
  samplesPerFrame: 1024,
};
const stereo: G711Track = { kind: 'audio', codec: 'pcma', sampleRate: 16_000, channels: 2 };
const opus: OpusTrack = { kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 1, preSkip: 0 };

describe('audioSampleDuration', () => {
  it('is the frame of AAC, the bytes of G.711 by channel, and what an Opus packet says', () => {
    expect([
      audioSampleDuration(aac, new Uint8Array(7)),
      audioSampleDuration(stereo, new Uint8Array(640)),
      audioSampleDuration({ ...stereo, channels: 1 }, new Uint8Array(160)),
      audioSampleDuration(opus, Uint8Array.of(0xf8, 1, 2)),
    ]).toEqual([1024, 320, 160, 960]);
  });
});

describe('opusPacketSamples', () => {
  it.each([
    { what: 'SILK, 60 ms', packet: [3 << 3], samples: 2880 },
    { what: 'hybrid, 10 ms', packet: [12 << 3], samples: 480 },
    { what: 'CELT, 2.5 ms', packet: [16 << 3], samples: 120 },
    { what: 'CELT, 20 ms, two frames', packet: [(31 << 3) | 1], samples: 1920 },
    { what: 'CELT, 20 ms, two frames of different length', packet: [(31 << 3) | 2], samples: 1920 },
    { what: 'CELT, 20 ms, five frames', packet: [(31 << 3) | 3, 5], samples: 4800 },
    { what: 'more than 120 ms, which is no packet', packet: [(31 << 3) | 3, 7], samples: 0 },
    { what: 'nothing', packet: [], samples: 0 },
  ])('knows $what', ({ packet, samples }) => {
    expect(opusPacketSamples(Uint8Array.from(packet))).toBe(samples);
  });
});

it('audioCodecString names sample entries', () => {
  expect([aac, stereo, { ...stereo, codec: 'pcmu' as const }, opus].map(audioCodecString)).toEqual([
    'mp4a.40.2',
    'alaw',
    'ulaw',
    'opus',
  ]);
});

it('isSameAudio tells what a decoder has to be set up anew for', () => {
  expect([
    isSameAudio(undefined, undefined),
    isSameAudio(aac, { ...aac, audioSpecificConfig: Uint8Array.from([0x11, 0x88]) }),
    isSameAudio(stereo, { ...stereo }),
    isSameAudio(aac, undefined),
    isSameAudio(aac, { ...aac, audioSpecificConfig: Uint8Array.from([0x11, 0x90]) }),
    isSameAudio(stereo, { ...stereo, codec: 'pcmu' }),
    isSameAudio(stereo, { ...stereo, sampleRate: 8000 }),
    isSameAudio(opus, { ...opus, channels: 2 }),
    isSameAudio(opus, { ...opus, preSkip: 312 }),
  ]).toEqual([true, true, true, false, false, false, false, false, false]);
});
