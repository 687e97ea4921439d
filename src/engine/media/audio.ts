/** What subscribers need to know of a track of sound whatever its codec. */
import { aacCodecString } from './aac.ts';
import { opusPacketSamples } from './opus.ts';
import { areSameBytes } from './raw-bytes.ts';
import type { AudioTrack } from './sample.ts';

/** How many sound samples (of one channel) a sample of the stream lasts, in units of the track's `sampleRate`. */
export function audioSampleDuration(track: AudioTrack, data: Uint8Array): number {
  switch (track.codec) {
    case 'aac':
      return track.samplesPerFrame;
    case 'pcmu':
    case 'pcma':
      return Math.floor(data.byteLength / track.channels);
    case 'opus':
      return opusPacketSamples(data);
  }
}

/** RFC 6381 §3.3, such as `mp4a.40.2` or `opus`; `ulaw` and `alaw` are the names of their sample entries. */
export function audioCodecString(track: AudioTrack): string {
  switch (track.codec) {
    case 'aac':
      return aacCodecString(track.audioSpecificConfig);
    case 'pcmu':
      return 'ulaw';
    case 'pcma':
      return 'alaw';
    case 'opus':
      return 'opus';
  }
}

/** Whether a decoder set up for one decodes the other. */
export function isSameAudio(left: AudioTrack | undefined, right: AudioTrack | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  if (left.sampleRate !== right.sampleRate || left.channels !== right.channels) return false;
  if (left.codec === 'aac' && right.codec === 'aac') {
    return areSameBytes(left.audioSpecificConfig, right.audioSpecificConfig);
  }
  if (left.codec === 'opus' && right.codec === 'opus') return left.preSkip === right.preSkip;
  return left.codec === right.codec;
}
