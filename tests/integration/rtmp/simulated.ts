import { loadClip } from '../../../src/sim/clip/clip.ts';
import { loadSoundClip, loadVideoClip } from '../../../src/sim/clip/codec-clips.ts';
import { scenes } from '../../../src/sim/clip/scenes.ts';
import { systemClock } from '../../../src/sim/clock.ts';
import type { ChunkOptions } from '../../../src/sim/rtmp/chunks.ts';
import { flvClip } from '../../../src/sim/rtmp/flv-bodies.ts';
import type { FlvClip, FlvClipOptions } from '../../../src/sim/rtmp/flv-bodies.ts';
import { prepareClip } from '../../../src/sim/rtmp/prepared-clip.ts';
import { RtmpPublisher } from '../../../src/sim/rtmp/publisher.ts';
import type { RtmpPublisherOptions } from '../../../src/sim/rtmp/publisher.ts';
import { PUSH_KEY, PUSH_NAME } from './rtmp-fixture.ts';

/** H.264 and AAC of a scene that comes with the project, as its second stream has it. */
export async function sceneClip(): Promise<FlvClip> {
  const scene = scenes.find(({ hasAudio }) => hasAudio);
  if (scene === undefined) throw new Error('No scene has sound.');
  const clip = await loadClip(scene);
  return flvClip(clip.streams.sub, clip.audio);
}

/** H.265 with G.711. */
export async function hevcClip(options: FlvClipOptions): Promise<FlvClip> {
  return flvClip(await loadVideoClip('h265-plain'), await loadSoundClip('pcma'), options);
}

/** A simulated camera, not yet started; dropped at the end of the test at the latest. */
export function simulatePublisher(
  port: number,
  clip: FlvClip,
  options: Partial<RtmpPublisherOptions> & { readonly chunking?: Partial<ChunkOptions> } = {},
): RtmpPublisher & Disposable {
  const { chunking, ...rest } = options;
  const publisher = new RtmpPublisher({
    host: '127.0.0.1',
    port,
    application: 'live',
    streamName: `${PUSH_NAME}?key=${PUSH_KEY}`,
    clip: prepareClip(clip, chunking),
    clock: systemClock,
    ...rest,
  });
  return Object.assign(publisher, { [Symbol.dispose]: () => publisher.drop() });
}
