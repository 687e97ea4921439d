import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { loadClip } from '../../src/sim/clip/clip.ts';
import { readBarcode } from '../../src/sim/clip/barcode.ts';
import { scenes } from '../../src/sim/clip/scenes.ts';
import { SimCamera, type SimCameraOptions } from '../../src/sim/camera/camera.ts';
import { createIdentity } from '../../src/sim/camera/identity.ts';
import { packetizeClip } from '../../src/sim/rtsp/packetized-clip.ts';

const run = promisify(execFile);

export const credentials = { username: 'admin', password: 'p%40ss:word' };

/** A started camera with the loading dock's clip, on free ports; stopped at the end of `await using`. */
export async function startCamera(
  change: Partial<SimCameraOptions> = {},
): Promise<{ readonly camera: SimCamera } & AsyncDisposable> {
  const [scene] = scenes;
  if (scene === undefined) throw new Error('There are no scenes.');
  const camera = new SimCamera({
    identity: createIdentity({ name: scene.title, location: scene.location, seed: 1, index: 0 }),
    address: '127.21.0.1',
    ports: { http: 0, rtsp: 0 },
    credentials,
    source: packetizeClip(await loadClip(scene)),
    maximumProbeDelayMs: 20,
    ...change,
  });
  await camera.start();
  return { camera, [Symbol.asyncDispose]: () => camera.stop() };
}

/** A URL with user and password in it, the form that ffmpeg wants. */
export function withCredentials(url: string, { username, password } = credentials): string {
  const complete = new URL(url);
  complete.username = encodeURIComponent(username);
  complete.password = encodeURIComponent(password);
  return complete.href;
}

export interface DecodedVideo {
  /** Barcode of every picture, in order. */
  readonly barcodes: readonly (number | undefined)[];
  /** What ffmpeg complained about. */
  readonly complaints: string;
}

/** Plays `frameCount` frames of a stream over TCP with ffmpeg and reads the barcodes of the decoded pictures. */
export async function decodeWithFfmpeg(
  url: string,
  size: { readonly width: number; readonly height: number },
  frameCount: number,
): Promise<DecodedVideo> {
  return decode(['-rtsp_transport', 'tcp', '-i', withCredentials(url)], size, frameCount);
}

/** Decodes the first `frameCount` frames of ffmpeg's `input` and reads their barcodes. */
export async function decode(
  input: readonly string[],
  size: { readonly width: number; readonly height: number },
  frameCount: number,
): Promise<DecodedVideo> {
  const { width, height } = size;
  const { stdout, stderr } = await run(
    'ffmpeg',
    ['-v', 'error', ...input, '-an'].concat(
      ['-frames:v', String(frameCount), '-fps_mode', 'passthrough'],
      ['-pix_fmt', 'gray', '-f', 'rawvideo', '-'],
    ),
    { encoding: 'buffer', maxBuffer: width * height * (frameCount + 1), timeout: 45_000 },
  );
  const barcodes = Array.from({ length: Math.floor(stdout.length / (width * height)) }, (_, index) => {
    const picture = stdout.subarray(index * width * height, (index + 1) * width * height);
    return readBarcode((x, y) => picture[y * width + x] ?? 0, width, height);
  });
  return { barcodes, complaints: stderr.toString() };
}

export async function hasFfmpeg(): Promise<boolean> {
  return run('ffmpeg', ['-version']).then(
    () => true,
    () => false,
  );
}
