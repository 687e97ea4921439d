/** The cameras of the simulated site. */

import { SimCamera } from '../camera/camera.ts';
import { createIdentity } from '../camera/identity.ts';
import { loadClip, type VideoTrack } from '../clip/clip.ts';
import { loadVideoClip } from '../clip/codec-clips.ts';
import { clipFormat, scenes, type Scene } from '../clip/scenes.ts';
import { syntheticTrack } from '../clip/synthetic.ts';
import type { SendPace } from '../rtsp/delivery.ts';
import { packetizeClip, type PacketizedClip } from '../rtsp/packetized-clip.ts';

export interface SimCamerasOptions {
  /** 1 to 1000. */
  readonly count: number;
  readonly seed: number;
  /** Address of the first camera; the others follow it. Default 127.20.0.1. */
  readonly firstAddress?: string;
  readonly ports?: { readonly http: number; readonly rtsp: number };
  readonly username: string;
  readonly password: string;
  /** For load tests: main streams of this bitrate that cannot be decoded, in place of the scenes' pictures. */
  readonly mainBitrateBps?: number;
  /** Of those main streams. Default H.264. */
  readonly mainCodec?: VideoTrack['codec'];
  /** How the cameras send over TCP. Default a frame at once. */
  readonly pace?: SendPace;
}

const maximumCount = 1000;

/**
 * Cameras with the scenes in turn, not yet started. Beyond the last scene they repeat with a number in the name ("Main gate 2")
 * and another moment of the clip. Throws a RangeError for a count outside 1 to 1000.
 */
export async function createSimCameras(options: SimCamerasOptions): Promise<SimCamera[]> {
  if (!Number.isInteger(options.count) || options.count < 1 || options.count > maximumCount) {
    throw new RangeError(`A simulated site has 1 to ${maximumCount} cameras, not ${options.count}.`);
  }
  const sources = await Promise.all(
    scenes.slice(0, options.count).map(async (scene) => ({ scene, source: await sourceOf(scene, options) })),
  );
  return Array.from({ length: options.count }, (_, index) => {
    const { scene, source } = sources[index % sources.length] ?? unreachable();
    return createCamera(options, { index, scene, source });
  });
}

async function sourceOf(
  scene: Scene,
  { mainBitrateBps, mainCodec = 'h264' }: Pick<SimCamerasOptions, 'mainBitrateBps' | 'mainCodec'>,
): Promise<PacketizedClip> {
  const clip = await loadClip(scene);
  if (mainBitrateBps === undefined) return packetizeClip(clip);
  const { main, sub } = clip.streams;
  const { framesPerSecond, framesPerGroup } = main;
  const base =
    mainCodec === 'h264' ? main : { ...(await loadVideoClip('h265-plain')), framesPerSecond, framesPerGroup };
  return packetizeClip({ ...clip, streams: { main: syntheticTrack(base, mainBitrateBps), sub } });
}

function createCamera(
  options: SimCamerasOptions,
  place: { readonly index: number; readonly scene: Scene; readonly source: PacketizedClip },
): SimCamera {
  const { index, scene, source } = place;
  const round = Math.floor(index / scenes.length);
  const groups = clipFormat.frameCount / clipFormat.framesPerGroup;
  return new SimCamera({
    identity: createIdentity({
      name: round === 0 ? scene.title : `${scene.title} ${round + 1}`,
      location: scene.location,
      seed: options.seed,
      index,
    }),
    address: addressAfter(options.firstAddress ?? '127.20.0.1', index),
    ...(options.ports === undefined ? {} : { ports: options.ports }),
    credentials: { username: options.username, password: options.password },
    source,
    ...(options.pace === undefined ? {} : { rtspAccess: { pace: options.pace } }),
    firstFrameNumber: ((round * 3) % groups) * clipFormat.framesPerGroup,
  });
}

/** The dotted address `offset` after `first`. Throws a RangeError when that leaves 127.0.0.0/8. */
export function addressAfter(first: string, offset: number): string {
  const parts = first.split('.').map(Number);
  const value = parts.reduce((sum, part) => sum * 256 + part, 0) + offset;
  const address = [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256);
  if (parts.length !== 4 || address[0] !== 127) {
    throw new RangeError(`${first} plus ${offset} is not a loopback address.`);
  }
  return address.join('.');
}

function unreachable(): never {
  throw new Error('There is a scene for every index.');
}
