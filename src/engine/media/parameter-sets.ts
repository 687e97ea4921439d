/** Parameter sets of either video codec, and what is made of them. */
import { h264CodecString, h264TrackFrom, parseSequenceParameterSet } from './h264.ts';
import { h265CodecString, h265TrackFrom, parseH265SequenceParameterSet } from './h265.ts';
import { areSameBytes } from './raw-bytes.ts';
import type { VideoTrack } from './sample.ts';

/** As NAL units without start code. */
export interface H264ParameterSets {
  readonly codec: 'h264';
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
}

export interface H265ParameterSets {
  readonly codec: 'h265';
  readonly vps: Uint8Array;
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
}

export type ParameterSets = H264ParameterSets | H265ParameterSets;

/** Undefined when the sequence parameter set makes no sense. */
export function videoTrackFrom(sets: ParameterSets): VideoTrack | undefined {
  switch (sets.codec) {
    case 'h264':
      return h264TrackFrom(sets.sps, sets.pps);
    case 'h265':
      return h265TrackFrom(sets);
  }
}

/** RFC 6381 §3.3, such as `avc1.640028` or `hvc1.1.6.L93.B0`. */
export function videoCodecString(track: Pick<VideoTrack, 'codec' | 'sps'>): string {
  switch (track.codec) {
    case 'h264':
      return h264CodecString(track.sps);
    case 'h265':
      return h265CodecString(track.sps);
  }
}

/** How many pictures may be shown later than ones decoded after them, as the stream states it; 0 when it does not. */
export function reorderDepthOf(sets: ParameterSets): number {
  switch (sets.codec) {
    case 'h264':
      return parseSequenceParameterSet(sets.sps)?.maxReorderFrames ?? 0;
    case 'h265':
      return parseH265SequenceParameterSet(sets.sps)?.maxReorderPictures ?? 0;
  }
}

/** Whether a decoder set up for one decodes the other. */
export function isSameVideo(left: VideoTrack, right: VideoTrack): boolean {
  if (left.codec === 'h265' && right.codec === 'h265' && !areSameBytes(left.vps, right.vps)) return false;
  return left.codec === right.codec && areSameBytes(left.sps, right.sps) && areSameBytes(left.pps, right.pps);
}
