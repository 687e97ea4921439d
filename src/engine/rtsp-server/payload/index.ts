import type { AudioTrack, StreamDescription, VideoTrack } from '../../media/sample.ts';
import { aacPayload } from './aac.ts';
import type { PayloadFormat } from './format.ts';
import { g711Payload } from './g711.ts';
import { h264Payload } from './h264.ts';
import { h265Payload } from './h265.ts';
import { metadataPayload } from './metadata.ts';
import { opusPayload } from './opus.ts';

export type { PayloadFormat, PayloadWriter } from './format.ts';

/** One format for each track, video first. */
export function payloadFormats({ video, audio, metadata }: StreamDescription): readonly PayloadFormat[] {
  return [
    videoPayload(video),
    ...(audio === undefined ? [] : [audioPayload(audio)]),
    ...(metadata === undefined ? [] : [metadataPayload()]),
  ];
}

function videoPayload(track: VideoTrack): PayloadFormat {
  switch (track.codec) {
    case 'h264':
      return h264Payload(track);
    case 'h265':
      return h265Payload(track);
  }
}

function audioPayload(track: AudioTrack): PayloadFormat {
  switch (track.codec) {
    case 'aac':
      return aacPayload(track);
    case 'pcmu':
    case 'pcma':
      return g711Payload(track);
    case 'opus':
      return opusPayload(track);
  }
}
