/**
 * Makes the clips in `resources/clips`: `node scripts/make-clips.mjs [OPTION...] [SCENE...]`. Renders in headless Chromium
 * (software WebGL) and encodes with ffmpeg; nothing else in the project needs either for them.
 *
 *     --stills FOLDER    writes pictures to look at instead, of the frames in --frames (0,110,200)
 *     --pictures FOLDER  where rendered loops are kept; a loop that is there is encoded again without rendering
 *     --step N           things in the picture move every N frames (2)
 *     --height N         height to render at before the picture is scaled to the clip's (720)
 */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';

import { chromium } from '@playwright/test';

import { barcodeBlocks } from '../src/sim/clip/barcode.ts';
import { clipFormat, scenes } from '../src/sim/clip/scenes.ts';

const root = path.join(import.meta.dirname, '..');
const clips = path.join(root, 'resources/clips');
const origin = 'http://clips.invalid/';
const run = promisify(execFile);
const words = (text) => text.split(' ');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    stills: { type: 'string' },
    frames: { type: 'string', default: '0,110,200' },
    pictures: { type: 'string', default: path.join(tmpdir(), 'belvedere-clips') },
    step: { type: 'string', default: '2' },
    height: { type: 'string', default: '720' },
  },
});
/** Things in the picture move every `step` frames; number and barcode change with each. */
const step = Number(values.step);
const chosen = scenes.filter(({ id }) => positionals.length === 0 || positionals.includes(id));

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--use-gl=angle',
    '--use-angle=swiftshader',
    '--enable-unsafe-swiftshader',
    '--ignore-gpu-blocklist',
  ],
});
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error));
  page.on('console', (message) => console.error(message.text()));
  await page.route(`${origin}**`, serveSource);
  await page.goto(`${origin}?height=${values.height}`);
  await page.waitForFunction(() => 'drawStrip' in globalThis);
  for (const scene of chosen) {
    if (values.stills === undefined) await makeClip(page, scene);
    else await makeStills(page, scene, values.stills);
  }
} finally {
  await browser.close();
}

/** The page's modules, under the paths they have in the project; one of them is TypeScript that tests use too. */
async function serveSource(route) {
  const { pathname } = new URL(route.request().url());
  if (pathname === '/') {
    const body = '<!doctype html><script type="module" src="/scripts/make-clips/page.mjs"></script>';
    await route.fulfill({ contentType: 'text/html', body });
    return;
  }
  const text = await readFile(path.join(root, pathname), 'utf8').catch(() => undefined);
  if (text === undefined) await route.fulfill({ status: 404 });
  else {
    const body = pathname.endsWith('.ts') ? stripTypeScriptTypes(text) : text;
    await route.fulfill({ contentType: 'text/javascript', body });
  }
}

async function renderPicture(page, scene, frame) {
  const phase = frame / clipFormat.frameCount;
  const encoded = await page.evaluate((request) => globalThis.drawPicture(request), {
    title: scene.title,
    phase,
  });
  return Buffer.from(encoded, 'base64');
}

async function makeStills(page, scene, folder) {
  await page.evaluate((id) => globalThis.loadScene(id), scene.id);
  await mkdir(folder, { recursive: true });
  for (const frame of values.frames.split(',').map(Number)) {
    const started = performance.now();
    await writeFile(path.join(folder, `${scene.id}-${frame}.jpg`), await renderPicture(page, scene, frame));
    console.log(scene.id, frame, `${Math.round(performance.now() - started)} ms`);
  }
}

async function makeClip(page, scene) {
  const started = performance.now();
  const work = (name) => path.join(values.pictures, name);
  const pictures = work(`${scene.id}.mjpeg`);
  await mkdir(values.pictures, { recursive: true });
  if (!existsSync(work('strips.mjpeg'))) await renderStrips(page, work('strips.mjpeg'));
  if (!existsSync(pictures)) await renderPictures(page, scene, pictures);
  const names = ['main.h264', 'sub.h264', 'jpg', ...(scene.hasAudio ? ['aac'] : [])].map(
    (name) => `${scene.id}.${name}`,
  );
  await run(
    'ffmpeg',
    encoderArguments(pictures, {
      strips: work('strips.mjpeg'),
      output: (name) => work(`${scene.id}.${name}`),
    }),
  );
  await run('ffmpeg', snapshotArguments(pictures, work(`${scene.id}.jpg`)));
  if (scene.hasAudio) await makeAudio(scene, work(`${scene.id}.aac`));
  // Only whole files get their place, so that a running camera or test never reads half of one.
  for (const name of names) await copyFile(work(name), path.join(clips, name));
  console.log(scene.id, `${Math.round((performance.now() - started) / 1000)} s`);
}

/** The pictures of the loop as one Motion JPEG file. */
async function renderPictures(page, scene, file) {
  await page.evaluate((id) => globalThis.loadScene(id), scene.id);
  const frames = Array.from({ length: clipFormat.frameCount / step }, (_, index) => index * step);
  await writeWhole(file, frames, (frame) => renderPicture(page, scene, frame));
}

/** Number and barcode of every frame, the same for all scenes. */
async function renderStrips(page, file) {
  const frames = Array.from({ length: clipFormat.frameCount }, (_, index) => index);
  await writeWhole(file, frames, async (frame) => {
    const strip = await page.evaluate((number) => globalThis.drawStrip(number), frame);
    return Buffer.from(strip.jpeg, 'base64');
  });
}

/** Writes what `render` gives for each of `frames`; the file is there only when it is whole. */
async function writeWhole(file, frames, render) {
  const unfinished = createWriteStream(`${file}.part`);
  for (const frame of frames) {
    if (!unfinished.write(await render(frame))) await once(unfinished, 'drain');
  }
  unfinished.end();
  await once(unfinished, 'finish');
  await rename(`${file}.part`, file);
}

/** One pass decodes the pictures once and encodes both streams. Annex B with parameter sets before every IDR, without x264's SEI. */
function encoderArguments(pictures, { strips, output }) {
  const { framesPerSecond, framesPerGroup, frameCount, main, sub } = clipFormat;
  const [margin] = barcodeBlocks(0, main.width, main.height);
  const stream = (label, name, { crf, maximumBitrate }) => [
    ...words(`-map ${label} -frames:v ${frameCount} -c:v libx264 -preset slower -profile:v high`),
    ...words(`-bf 0 -g ${framesPerGroup} -keyint_min ${framesPerGroup} -sc_threshold 0 -flags +cgop`),
    ...words(
      `-crf ${crf} -maxrate ${maximumBitrate} -bufsize ${maximumBitrate} -x264-params repeat-headers=1:aud=0`,
    ),
    ...words('-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv'),
    ...words('-bsf:v filter_units=remove_types=6 -f h264'),
    output(`${name}.h264`),
  ];
  const toVideo = 'in_color_matrix=bt601:in_range=full:out_color_matrix=bt709:out_range=tv:flags=lanczos';
  const filters = [
    `[0:v]fps=${framesPerSecond}:round=down[moving]`,
    `[moving][1:v]overlay=${margin.x}:${margin.y}:format=yuv444:eof_action=endall,split[a][b]`,
    `[a]scale=${toVideo},format=yuv420p[main]`,
    `[b]scale=${sub.width}:${sub.height}:${toVideo},format=yuv420p[sub]`,
  ];
  return [
    ...words(`-v error -y -f mjpeg -framerate ${framesPerSecond}/${step} -i`),
    pictures,
    ...words(`-f mjpeg -framerate ${framesPerSecond} -i`),
    strips,
    '-filter_complex',
    filters.join(';'),
    ...stream('[main]', 'main', { crf: 33, maximumBitrate: '420k' }),
    ...stream('[sub]', 'sub', { crf: 32, maximumBitrate: '160k' }),
  ];
}

/** One picture of the loop, small enough for a list of cameras. */
function snapshotArguments(pictures, file) {
  const { sub } = clipFormat;
  const filter = `select=eq(n\\,${Math.round(45 / step)}),scale=${sub.width}:${sub.height}:flags=lanczos`;
  return [...words('-v error -y -f mjpeg -i'), pictures, '-vf', filter, ...words('-frames:v 1 -q:v 4'), file];
}

/** Twenty seconds of a room's sound, exactly 625 access units of 1024 samples at 32 kHz. */
async function makeAudio(scene, file) {
  const sounds = {
    'loading-dock': 'anoisesrc=c=brown:r=32000:d=21:a=0.5:seed=1,lowpass=f=420,tremolo=f=0.2:d=0.5',
    'server-room': 'anoisesrc=c=pink:r=32000:d=21:a=0.25:seed=2,bandpass=f=620:w=500,volume=2',
    workshop:
      'aevalsrc=0.08*sin(2*PI*100*t)+0.05*sin(2*PI*200*t)+0.02*sin(2*PI*1210*t)*(0.5+0.5*sin(2*PI*t/4)):s=32000:d=21',
    'pump-room':
      'aevalsrc=0.12*sin(2*PI*49*t)+0.06*sin(2*PI*147*t+0.4*sin(2*PI*6*t))+0.03*sin(2*PI*294*t):s=32000:d=21',
  };
  const encoding = words('-ac 1 -c:a aac -b:a 32k -frames:a 625 -f adts');
  await run('ffmpeg', [...words('-v error -y -f lavfi -i'), sounds[scene.id], ...encoding, file]);
}
