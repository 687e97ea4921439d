import type { FuzzTarget } from '../target.ts';
import { rtspCorpus } from '../corpus.ts';
import { rtpParts } from './rtsp-packets.ts';
import { textParts } from './rtsp-text.ts';
import { trackParts } from './rtsp-tracks.ts';

/** Everything that reads what a camera sends, up to samples. */
export const rtspTarget: FuzzTarget = {
  name: 'rtsp',
  async load() {
    const corpus = await rtspCorpus();
    return [...textParts(corpus), ...rtpParts(corpus), ...trackParts(corpus)];
  },
};
