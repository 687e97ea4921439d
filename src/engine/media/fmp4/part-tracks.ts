import { audioSampleDuration } from '../audio.ts';
import type { AudioTrack, Sample } from '../sample.ts';
import { videoTimescale } from './init.ts';
import type { PartSample, PartTrack } from './part.ts';

/**
 * Pictures as a part has them, the last one up to `end90k`; times in 1/90000 s from the file's time 0. Rounding each absolute
 * time, and not the differences, keeps the sum exact.
 */
export function videoTrack(
  pictures: readonly Sample[],
  { origin90k, end90k }: { readonly origin90k: number; readonly end90k: number },
): PartTrack {
  const timeOf = (dts90k: number): number => Math.round(dts90k - origin90k);
  const samples = pictures.map((picture, index): PartSample => {
    const following90k = pictures[index + 1]?.dts90k ?? end90k;
    return {
      data: picture.data,
      duration: Math.max(0, timeOf(following90k) - timeOf(picture.dts90k)),
      compositionOffset: Math.round(picture.pts90k - picture.dts90k),
      isSync: picture.isSync,
    };
  });
  return { track: 'video', baseDecodeTime: timeOf(pictures[0]?.dts90k ?? origin90k), samples };
}

/** Sound counts in its own samples; the last lasts up to `next`, or as long as it has samples. No track without sound. */
export function audioTracks(
  audio: AudioTrack | undefined,
  sounds: readonly Sample[],
  { origin90k, next }: { readonly origin90k: number; readonly next: Sample | undefined },
): PartTrack[] {
  const [first] = sounds;
  if (audio === undefined || first === undefined) return [];
  const timeOf = (sample: Sample): number =>
    Math.round(((sample.dts90k - origin90k) * audio.sampleRate) / videoTimescale);
  const samples = sounds.map((sound, index): PartSample => {
    const following = sounds[index + 1] ?? next;
    const duration =
      following === undefined ? audioSampleDuration(audio, sound.data) : timeOf(following) - timeOf(sound);
    return { data: sound.data, duration: Math.max(0, duration), compositionOffset: 0, isSync: true };
  });
  return [{ track: 'audio', baseDecodeTime: timeOf(first), samples }];
}
