/** A clip in memory: the looped picture and sound that a simulated camera sends. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { parseAdts } from './adts.ts';
import { groupAccessUnits, nalType, nalTypeOf, splitNalUnits, type AccessUnit } from './annex-b.ts';
import { clipFormat, type Scene } from './scenes.ts';
import type { SoundTrack } from './sound.ts';

export type StreamName = 'main' | 'sub';

/** A stream that starts with an IDR picture and can be repeated without end; access units in the order of decoding. */
interface VideoProperties {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  /** A viewer comes in at a multiple of it. */
  readonly framesPerGroup: number;
  readonly accessUnits: readonly AccessUnit[];
}

/** Parameter sets are NAL units without start code. */
export type VideoTrack = VideoProperties &
  (
    | { readonly codec: 'h264'; readonly sps: Buffer; readonly pps: Buffer }
    | { readonly codec: 'h265'; readonly vps: Buffer; readonly sps: Buffer; readonly pps: Buffer }
  );

/** All that one camera shows. `main` and `sub` have the same number of frames, frame n of both shows the same moment. */
export interface Clip {
  readonly sceneId: string;
  readonly streams: Readonly<Record<StreamName, VideoTrack>>;
  readonly audio: SoundTrack | undefined;
  /** ONVIF metadata: XML documents, one sent with each group of pictures. */
  readonly metadata?: readonly Buffer[];
  readonly snapshotJpeg: Buffer;
}

/** Folder of the clips that come with the project. */
export const clipsFolder = path.join(import.meta.dirname, '../../../resources/clips');

/** Reads the files `ID.main.h264`, `ID.sub.h264`, `ID.jpg` and, for a scene with audio, `ID.aac`. Throws if a file is missing or not in `clipFormat`. */
export async function loadClip(scene: Scene, folder: string = clipsFolder): Promise<Clip> {
  const file = (extension: string): Promise<Buffer> =>
    readFile(path.join(folder, `${scene.id}.${extension}`));
  const [main, sub, snapshotJpeg, adts] = await Promise.all([
    file('main.h264'),
    file('sub.h264'),
    file('jpg'),
    scene.hasAudio ? file('aac') : undefined,
  ]);
  return {
    sceneId: scene.id,
    streams: {
      main: parseVideoTrack(main, clipFormat.main),
      sub: parseVideoTrack(sub, clipFormat.sub),
    },
    audio: adts === undefined ? undefined : parseAdts(adts),
    snapshotJpeg,
  };
}

/** Parses an Annex B file and checks that it has the frames and the groups of pictures that `clipFormat` promises. */
export function parseVideoTrack(
  file: Buffer,
  size: { readonly width: number; readonly height: number },
): VideoTrack {
  const accessUnits = groupAccessUnits(splitNalUnits(file));
  const first = accessUnits[0]?.nalUnits ?? [];
  const sps = first.find((nalUnit) => nalTypeOf(nalUnit) === nalType.sps);
  const pps = first.find((nalUnit) => nalTypeOf(nalUnit) === nalType.pps);
  if (sps === undefined || pps === undefined) throw new Error('The clip does not start with SPS and PPS.');
  if (accessUnits.length !== clipFormat.frameCount) {
    throw new Error(`The clip has ${accessUnits.length} frames; ${clipFormat.frameCount} are needed.`);
  }
  const misplaced = accessUnits.findIndex(
    (unit, index) => unit.keyframe !== (index % clipFormat.framesPerGroup === 0),
  );
  if (misplaced !== -1) throw new Error(`The clip's groups of pictures are irregular at frame ${misplaced}.`);
  return {
    ...size,
    codec: 'h264',
    framesPerSecond: clipFormat.framesPerSecond,
    framesPerGroup: clipFormat.framesPerGroup,
    sps,
    pps,
    accessUnits,
  };
}
