/**
 * The simulated cameras of a benchmark, in a process of their own: prints one JSON line a camera (`HostedCamera`) and runs until
 * its standard input ends. The cameras start spread over a group of pictures: real ones do not send all their keyframes at once.
 * What they send goes in a file, as SHA-256 of each frame of the loop.
 */

import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { VideoTrack } from '../../src/sim/clip/clip.ts';
import { createSimCameras } from '../../src/sim/site/cameras.ts';
import type { FrameHashes, HostedCamera } from './cameras.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1' },
    bitrate: { type: 'string', default: '4000000' },
    codec: { type: 'string', default: 'h264' },
    pace: { type: 'string', default: 'frame' },
    hashes: { type: 'string', default: '' },
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

const startedAtMs = performance.now();
for (const [index, camera] of cameras.entries()) {
  const { framesPerGroup, framesPerSecond } = camera.clip.streams.main;
  const dueMs = ((1000 * framesPerGroup) / framesPerSecond) * (index / cameras.length);
  await delay(Math.max(0, startedAtMs + dueMs - performance.now()));
  await camera.start();
  const { mainUrl, subUrl, sceneId } = camera.info;
  const line: HostedCamera = { sceneId, mainUrl, subUrl, ...credentials };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

process.stdin.resume();
process.stdin.once('end', () => {
  void Promise.all(cameras.map((camera) => camera.stop()));
});

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
