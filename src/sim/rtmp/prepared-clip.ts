/** A clip ready to be pushed: every message already cut into chunks. One may serve many publishers. */

import { ChunkedTemplate, messageTypes, type ChunkOptions, type Message } from './chunks.ts';
import type { FlvClip } from './flv-bodies.ts';

export interface PreparedUnit {
  readonly message: Omit<Message, 'timestampMs'>;
  readonly template: ChunkedTemplate;
}

export interface PreparedSound {
  readonly codecId: number;
  readonly header: PreparedUnit | undefined;
  readonly sampleRateHz: number;
  readonly samplesPerUnit: number;
  readonly units: readonly PreparedUnit[];
}

export interface PreparedClip {
  readonly chunking: ChunkOptions;
  readonly framesPerSecond: number;
  readonly framesPerGroup: number;
  readonly videoHeader: PreparedUnit;
  readonly frames: readonly PreparedUnit[];
  readonly sound: PreparedSound | undefined;
}

const streamId = 1;
const chunkStreams = { audio: 4, video: 6 } as const;
const defaultChunkBytes = 4096;

/** `chunkBytes` is 4096 unless given; extended timestamps are repeated unless `repeatsExtended` is false. */
export function prepareClip(clip: FlvClip, chunking: Partial<ChunkOptions> = {}): PreparedClip {
  const options = { chunkBytes: defaultChunkBytes, repeatsExtended: true, ...chunking };
  const prepared = (kind: 'audio' | 'video', payload: Buffer): PreparedUnit => {
    const message = { chunkStreamId: chunkStreams[kind], type: messageTypes[kind], streamId, payload };
    return { message, template: new ChunkedTemplate(message, options) };
  };
  const { framesPerSecond, framesPerGroup, videoHeader, frames, sound } = clip;
  return {
    chunking: options,
    framesPerSecond,
    framesPerGroup,
    videoHeader: prepared('video', videoHeader),
    frames: frames.map(({ body }) => prepared('video', body)),
    sound: sound && {
      ...sound,
      header: sound.header && prepared('audio', sound.header),
      units: sound.units.map((unit) => prepared('audio', unit)),
    },
  };
}
