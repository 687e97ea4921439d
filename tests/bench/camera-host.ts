/**
 * The simulated cameras of a benchmark, in a process of their own: prints one JSON line a camera (`HostedCamera`) and runs until
 * its standard input ends. The cameras start spread over a group of pictures: real ones do not send all their keyframes at once.
 * What they send goes in a file, as SHA-256 of each frame of the loop. With `--push` they push over RTMP, from when a line on
 * standard input (`PushOrder`) says where to.
 */

import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { VideoTrack } from '../../src/sim/clip/clip.ts';
import { systemClock } from '../../src/sim/clock.ts';
import { flvClip } from '../../src/sim/rtmp/flv-bodies.ts';
import { prepareClip } from '../../src/sim/rtmp/prepared-clip.ts';
import { RtmpPublisher } from '../../src/sim/rtmp/publisher.ts';
import { createSimCameras } from '../../src/sim/site/cameras.ts';
import { PushOrder, type FrameHashes, type HostedCamera } from './cameras.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1' },
    bitrate: { type: 'string', default: '4000000' },
    codec: { type: 'string', default: 'h264' },
    pace: { type: 'string', default: 'frame' },
    hashes: { type: 'string', default: '' },
    push: { type: 'boolean', default: false },
  },
});
const credentials = { username: 'bench', password: 'bench-camera' };
const cameras = await createSimCameras({
  count: Number(values.count),
  seed: 1,
  mainBitrateBps: Number(values.bitrate),
  mainCodec: values.codec === 'h265' ? 'h265' : 'h264',
  pace: values.pace === 'packet' ? 'packet' : 'frame',
  ...credentials,
});

const hashes: FrameHashes = {};
for (const { clip } of cameras) hashes[clip.sceneId] ??= frameHashes(clip.streams.main);
await writeFile(values.hashes, JSON.stringify(hashes));

const endings = values.push ? await pushAll() : await serveAll();
process.stdin.resume();
process.stdin.once('end', () => {
  void Promise.all(endings.map((end) => end()));
});

type Ending = () => Promise<void>;

async function serveAll(): Promise<Ending[]> {
  await eachInTurn(async (camera) => {
    await camera.start();
    tell(camera, {});
  });
  return cameras.map((camera) => () => camera.stop());
}

async function pushAll(): Promise<Ending[]> {
  for (const [index, camera] of cameras.entries()) tell(camera, { pushName: `camera-${index + 1}` });
  const lines = createInterface({ input: process.stdin });
  const { value } = await lines[Symbol.asyncIterator]().next();
  const { port, key } = PushOrder.parse(JSON.parse(String(value)));
  const clips = new Map(
    cameras.map(({ clip }) => [clip.sceneId, prepareClip(flvClip(clip.streams.main, undefined))]),
  );
  const publishers: RtmpPublisher[] = [];
  await eachInTurn(async ({ clip: { sceneId } }, index) => {
    const clip = clips.get(sceneId);
    if (clip === undefined) throw new Error(`There is no clip of ${sceneId}.`);
    const streamName = `camera-${index + 1}?key=${key}`;
    const address = { host: '127.0.0.1', port, application: 'live', streamName };
    const publisher = new RtmpPublisher({ ...address, clip, clock: systemClock });
    await publisher.start();
    publishers.push(publisher);
  });
  return publishers.map((publisher) => () => publisher.stop());
}

/** Spread over a group of pictures. */
async function eachInTurn(
  start: (camera: (typeof cameras)[number], index: number) => Promise<void>,
): Promise<void> {
  const startedAtMs = performance.now();
  for (const [index, camera] of cameras.entries()) {
    const { framesPerGroup, framesPerSecond } = camera.clip.streams.main;
    const dueMs = ((1000 * framesPerGroup) / framesPerSecond) * (index / cameras.length);
    await delay(Math.max(0, startedAtMs + dueMs - performance.now()));
    await start(camera, index);
  }
}

function tell(camera: (typeof cameras)[number], name: Pick<HostedCamera, 'pushName'>): void {
  const { mainUrl, subUrl, sceneId } = camera.info;
  const line: HostedCamera = { sceneId, mainUrl, subUrl, ...credentials, ...name };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Of each frame as it is recorded: its slices after four-byte lengths, without parameter sets and delimiters. */
function frameHashes(track: VideoTrack): string[] {
  return track.accessUnits.map(({ nalUnits }) => {
    const hash = createHash('sha256');
    for (const nalUnit of nalUnits) {
      if (!isSlice(track.codec, nalUnit[0] ?? 0)) continue;
      const length = Buffer.alloc(4);
      length.writeUInt32BE(nalUnit.byteLength);
      hash.update(length).update(nalUnit);
    }
    return hash.digest('hex');
  });
}

/** ITU-T H.264 Table 7-1, ITU-T H.265 Table 7-1. */
function isSlice(codec: VideoTrack['codec'], firstByte: number): boolean {
  return codec === 'h264' ? (firstByte & 0x1f) <= 5 : firstByte >> 1 < 32;
}
