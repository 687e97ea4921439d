import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { startHelper } from './processes.ts';

export const HostedCamera = z.object({
  sceneId: z.string(),
  mainUrl: z.string(),
  subUrl: z.string(),
  username: z.string(),
  password: z.string(),
  /** Of a camera that pushes. */
  pushName: z.string().optional(),
});
export type HostedCamera = z.infer<typeof HostedCamera>;

/** Where cameras push to: a port of 127.0.0.1, all with one stream key. */
export const PushOrder = z.object({ port: z.int(), key: z.string() });
export type PushOrder = z.infer<typeof PushOrder>;

/** By scene: SHA-256 of the frames that its cameras send, over and over in this order. */
const FrameHashes = z.record(z.string(), z.array(z.string()));
export type FrameHashes = z.infer<typeof FrameHashes>;

export interface CameraLoad {
  readonly cameras: number;
  readonly bitrateBps: number;
  readonly codec: 'h264' | 'h265';
  /** `packet`: a TCP segment for each RTP packet, the expensive case; `frame`: one write a frame. */
  readonly pace: 'frame' | 'packet';
  /** `rtmp`: the cameras push, once `startPushing` is called. */
  readonly protocol: 'rtsp' | 'rtmp';
}

export interface CameraFleet {
  readonly cameras: readonly HostedCamera[];
  readonly hashes: FrameHashes;
  startPushing(order: PushOrder): void;
}

/** Simulated cameras in a process of their own, until `cleanup` is disposed. */
export async function startCameraFleet(
  load: CameraLoad,
  { directory, cleanup }: { readonly directory: string; readonly cleanup: AsyncDisposableStack },
): Promise<CameraFleet> {
  const hashes = join(directory, 'frame-hashes.json');
  const { cameras: count, bitrateBps, codec, pace, protocol } = load;
  const options = { count, bitrate: bitrateBps, codec, pace, hashes };
  const words = Object.entries(options).flatMap(([option, value]) => [`--${option}`, String(value)]);
  const child = startHelper('camera-host.ts', protocol === 'rtmp' ? [...words, '--push'] : words);
  cleanup.defer(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  });
  const cameras: HostedCamera[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    cameras.push(HostedCamera.parse(JSON.parse(line)));
    if (cameras.length === load.cameras) break;
  }
  if (cameras.length < load.cameras)
    throw new Error(`only ${cameras.length} of ${load.cameras} simulated cameras started`);
  return {
    cameras,
    hashes: FrameHashes.parse(JSON.parse(await readFile(hashes, 'utf8'))),
    startPushing: (order) => {
      child.stdin.write(`${JSON.stringify(order)}\n`);
    },
  };
}
