import { describe, expect, it } from 'vitest';
import { aacCodecString, aacTrackFrom } from '../../../../src/engine/media/aac.ts';

const config = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

describe('aacTrackFrom', () => {
  it.each([
    { name: 'LC, 48 kHz, mono (Dahua)', hex: '1188', sampleRate: 48_000, channels: 1, samplesPerFrame: 1024 },
    {
      name: 'LC, 16 kHz, mono (Reolink)',
      hex: '1408',
      sampleRate: 16_000,
      channels: 1,
      samplesPerFrame: 1024,
    },
    {
      name: 'LC with SBR signalled behind it',
      hex: '119056e500',
      sampleRate: 48_000,
      channels: 2,
      samplesPerFrame: 1024,
    },
    { name: 'frames of 960', hex: '119c', sampleRate: 48_000, channels: 3, samplesPerFrame: 960 },
    {
      name: 'HE-AAC: the rate of the core',
      hex: '2b09880080',
      sampleRate: 24_000,
      channels: 1,
      samplesPerFrame: 1024,
    },
    { name: 'an explicit rate', hex: '17800fa010', sampleRate: 8_000, channels: 2, samplesPerFrame: 1024 },
  ])('reads $name', ({ hex, sampleRate, channels, samplesPerFrame }) => {
    expect(aacTrackFrom(config(hex))).toEqual({
      kind: 'audio',
      codec: 'aac',
      audioSpecificConfig: config(hex),
      sampleRate,
      channels,
      samplesPerFrame,
    });
  });

  it.each([
    { name: 'nothing', hex: '' },
    { name: 'one byte', hex: '11' },
    { name: 'a reserved rate', hex: '1688' },
    { name: 'channels in a program config element', hex: '1180' },
    { name: 'another object type (CELP)', hex: '4188' },
  ])('refuses $name', ({ hex }) => {
    expect(aacTrackFrom(config(hex))).toBeUndefined();
  });
});

describe('aacCodecString', () => {
  it.each([
    { hex: '1188', codec: 'mp4a.40.2' },
    { hex: '2b09880080', codec: 'mp4a.40.5' },
    { hex: 'f94620', codec: 'mp4a.40.42' },
  ])('gives $codec', ({ hex, codec }) => {
    expect(aacCodecString(config(hex))).toBe(codec);
  });
});
