import { expect, it } from 'vitest';
import { liveSoundOf } from '../../../../src/engine/camera/live-sound.ts';
import type { G711Track } from '../../../../src/engine/media/sample.ts';
import { syntheticDescription } from '../recording/synthetic-stream.ts';

const silent = syntheticDescription(false);
const pcma: G711Track = { kind: 'audio', codec: 'pcma', sampleRate: 8_000, channels: 1 };

it.each([
  { what: 'no sound', description: silent, canConvert: true, sound: { kind: 'none' } },
  { what: 'AAC', description: syntheticDescription(true), canConvert: false, sound: { kind: 'direct' } },
  {
    what: 'G.711 and ffmpeg',
    description: { ...silent, audio: pcma },
    canConvert: true,
    sound: { kind: 'on-request' },
  },
  {
    what: 'G.711 and no ffmpeg',
    description: { ...silent, audio: pcma },
    canConvert: false,
    sound: { kind: 'unavailable', detail: expect.stringContaining('G.711 A-law') },
  },
  {
    what: 'sound that cannot be understood',
    description: { ...silent, audioIgnored: 'The camera sends MP3. Choose AAC.' },
    canConvert: true,
    sound: { kind: 'unavailable', detail: 'The camera sends MP3. Choose AAC.' },
  },
])('of $what, viewers hear $sound.kind', ({ description, canConvert, sound }) => {
  expect(liveSoundOf(description, canConvert)).toEqual(sound);
});
