import type { AudioTrack, StreamDescription } from '../sample.ts';
import type { InitTracks } from './init.ts';

/** Whether sound goes into the file of its video. G.711 does not: a page's Media Source Extensions refuse a file that has it. */
export function canShareFile({ codec }: Pick<AudioTrack, 'codec'>): boolean {
  switch (codec) {
    case 'aac':
    case 'opus':
      return true;
    case 'pcmu':
    case 'pcma':
      return false;
  }
}

/** What belongs into the file that is played: video, and its sound where that can be played with it. */
export function mainFileTracks({
  video,
  audio,
}: StreamDescription): InitTracks & Pick<StreamDescription, 'video'> {
  return audio !== undefined && canShareFile(audio) ? { video, audio } : { video };
}

/** What is recorded in files of their own beside it: each element one file. */
export function companionFileTracks({ audio, metadata }: StreamDescription): readonly InitTracks[] {
  return [
    ...(audio !== undefined && !canShareFile(audio) ? [{ audio }] : []),
    ...(metadata === undefined ? [] : [{ metadata }]),
  ];
}
