/**
 * Makes the clips in `resources/clips/codecs`: `node scripts/make-clips-codecs.mjs`. They are what cameras send besides plain
 * H.264 and AAC: test pictures and a tone, encoded by ffmpeg with x264, x265 and libopus.
 */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { codecClipFormat } from '../src/sim/clip/codec-clips.ts';

const run = promisify(execFile);
const words = (text) => text.split(' ');
const folder = path.join(import.meta.dirname, '../resources/clips/codecs');
const { framesPerSecond, framesPerGroup, frameCount } = codecClipFormat;
const seconds = frameCount / framesPerSecond;

const groups = `keyint=${framesPerGroup}:min-keyint=${framesPerGroup}:scenecut=0`;
const videos = {
  // Pictures refer to later ones; four slices each.
  'reordered.h264': {
    size: '640x360',
    encoder: words(
      `-c:v libx264 -preset slow -profile:v high -crf 36 -x264-params ${groups}:bframes=2:b-pyramid=normal:slices=4:repeat-headers=1`,
    ),
    format: 'h264',
  },
  // To follow another one: the same pictures, smaller.
  'small.h264': {
    size: '320x180',
    encoder: words(
      `-c:v libx264 -preset slow -profile:v main -crf 36 -x264-params ${groups}:bframes=0:repeat-headers=1`,
    ),
    format: 'h264',
  },
  // No IDR picture but the first: a column of blocks refreshes every second.
  'refreshed.h264': {
    size: '320x180',
    encoder: words(
      `-c:v libx264 -preset slow -profile:v main -crf 34 -x264-params ${groups}:intra-refresh=1:bframes=0:repeat-headers=1`,
    ),
    format: 'h264',
  },
  // Open groups that begin with CRA pictures, followed by leading pictures.
  'open.h265': {
    size: '640x360',
    encoder: words(
      `-c:v libx265 -preset medium -crf 36 -x265-params ${groups}:open-gop=1:bframes=3:repeat-headers=1:slices=2:log-level=error`,
    ),
    format: 'hevc',
  },
  // What cameras send: closed groups, one slice, no reordering.
  'plain.h265': {
    size: '640x360',
    encoder: words(
      `-c:v libx265 -preset medium -crf 36 -x265-params ${groups}:open-gop=0:bframes=0:repeat-headers=1:log-level=error`,
    ),
    format: 'hevc',
  },
};

const sounds = {
  'tone.ulaw': words('-ac 1 -ar 8000 -c:a pcm_mulaw -f mulaw'),
  'tone.alaw': words('-ac 1 -ar 8000 -c:a pcm_alaw -f alaw'),
  'tone.opus': words('-ac 1 -ar 48000 -c:a libopus -b:a 24k -frame_duration 20 -f ogg'),
};

await mkdir(folder, { recursive: true });
const workspace = await mkdtemp(path.join(tmpdir(), 'belvedere-clips-'));
try {
  for (const [name, { size, encoder, format }] of Object.entries(videos)) {
    const source = `testsrc2=size=${size}:rate=${framesPerSecond}:duration=${seconds},format=yuv420p`;
    const timed = path.join(workspace, `${name}.mp4`);
    const file = path.join(folder, name);
    await run('ffmpeg', [...words('-v error -y -f lavfi -i'), source, ...encoder, timed]);
    await run('ffmpeg', [...words('-v error -y -i'), timed, ...words(`-c copy -f ${format}`), file]);
    await writeFile(`${file}.json`, `${JSON.stringify({ presentation: await presentationOrder(timed) })}\n`);
  }
  for (const [name, encoder] of Object.entries(sounds)) {
    const source = `sine=frequency=440:sample_rate=48000:duration=${seconds}`;
    await run('ffmpeg', [...words('-v error -y -f lavfi -i'), source, ...encoder, path.join(folder, name)]);
  }
} finally {
  await rm(workspace, { recursive: true });
}

/** For each picture in decoding order, its place among those shown. */
async function presentationOrder(file) {
  const show = words('-v error -select_streams v -show_entries packet=pts_time -of csv=p=0');
  const { stdout } = await run('ffprobe', [...show, file]);
  const times = stdout.trim().split('\n').map(Number.parseFloat);
  const sorted = times.toSorted((left, right) => left - right);
  return times.map((time) => sorted.indexOf(time));
}
