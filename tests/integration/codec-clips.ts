/** Clips in codecs besides those of the scenes, and where to keep what becomes of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadClip, type Clip, type VideoTrack } from '../../src/sim/clip/clip.ts';
import { scenes } from '../../src/sim/clip/scenes.ts';
import type { AacTrack } from '../../src/sim/clip/sound.ts';

export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'belvedere-codecs-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A clip that has the same video as main and sub stream. */
export async function clipOf(video: VideoTrack, more: Pick<Clip, 'audio' | 'metadata'>): Promise<Clip> {
  const [scene] = scenes;
  if (scene === undefined) throw new Error('There are no scenes.');
  const { snapshotJpeg } = await loadClip(scene);
  return { sceneId: 'codecs', streams: { main: video, sub: video }, snapshotJpeg, ...more };
}

/** The sound of the first scene. */
export async function aacSound(): Promise<AacTrack> {
  const [scene] = scenes;
  const audio = scene && (await loadClip(scene)).audio;
  if (audio?.codec !== 'aac') throw new Error('The first scene has AAC.');
  return audio;
}
