/** FLV as cameras and other engines send it: tag bodies, streams of tags, decoder configurations. */
import {
  parseAvcDecoderConfiguration,
  parseHevcDecoderConfiguration,
} from '../../../src/engine/media/flv/decoder-configuration.ts';
import type { DecoderConfiguration } from '../../../src/engine/media/flv/decoder-configuration.ts';
import { FlvMediaReader, FlvStreamReader } from '../../../src/engine/media/flv/index.ts';
import { videoTrackFrom } from '../../../src/engine/media/parameter-sets.ts';
import { SlabPool } from '../../../src/engine/media/slab-pool.ts';
import { loadClip } from '../../../src/sim/clip/clip.ts';
import { loadSoundClip, loadVideoClip } from '../../../src/sim/clip/codec-clips.ts';
import { scenes } from '../../../src/sim/clip/scenes.ts';
import { flvClip } from '../../../src/sim/rtmp/flv-bodies.ts';
import type { FlvClip } from '../../../src/sim/rtmp/flv-bodies.ts';
import { promise } from '../target.ts';
import type { FuzzInput, FuzzTarget } from '../target.ts';

export const MAX_ACCESS_UNIT_BYTES = 32 * 1024;
const LARGEST_TAG_BYTES = 64 * 1024;
const KEPT_FRAMES = 4;
/** TagType. */
const AUDIO = 8;
const VIDEO = 9;
const slabPool = new SlabPool({ maximumIdleBytes: 4 * 1024 ** 2 });

export const flvTarget: FuzzTarget = {
  name: 'flv',
  async load() {
    const clips = await pushedClips();
    return [
      { name: 'stream', shape: 'stream', corpus: clips.map((clip) => [streamOf(clip)]), run: readStream },
      { name: 'bodies', shape: 'packets', corpus: clips.map(bodiesOf), run: readBodies },
      {
        name: 'avc-configuration',
        shape: 'packets',
        corpus: clips.slice(0, 1).map(({ videoHeader }) => [videoHeader.subarray(5)]),
        run: (input) => readConfigurations(input, parseAvcDecoderConfiguration),
      },
      {
        name: 'hevc-configuration',
        shape: 'packets',
        corpus: clips.slice(1).map(({ videoHeader }) => [videoHeader.subarray(5)]),
        run: (input) => readConfigurations(input, parseHevcDecoderConfiguration),
      },
    ];
  },
};

/** H.264 with AAC, and H.265 with G.711 in both forms; shortened. */
export async function pushedClips(): Promise<readonly FlvClip[]> {
  const scene = scenes.find(({ hasAudio }) => hasAudio);
  if (scene === undefined) throw new Error('No scene has sound.');
  const { streams, audio } = await loadClip(scene);
  const hevc = await loadVideoClip('h265-plain');
  const g711 = await loadSoundClip('pcma');
  const clips = [
    flvClip(streams.sub, audio),
    flvClip(hevc, g711, { hevcForm: 'enhanced' }),
    flvClip(hevc, g711, { hevcForm: 'legacy', nalLengthBytes: 2 }),
  ];
  return clips.map((clip) => ({ ...clip, frames: clip.frames.slice(0, KEPT_FRAMES) }));
}

/** A reader whose promises are looked after; `units` counts what came out of it. */
export function watchedReader(): { readonly reader: FlvMediaReader; readonly units: () => number } {
  let units = 0;
  const reader = new FlvMediaReader({
    slabPool,
    maxAccessUnitBytes: MAX_ACCESS_UNIT_BYTES,
    events: {
      onVideo: ({ data, timestamp, compositionOffset, parameterSets }) => {
        units += 1;
        promise(data.length <= MAX_ACCESS_UNIT_BYTES, 'An access unit is larger than allowed.');
        promise(Number.isFinite(timestamp) && Number.isFinite(compositionOffset), 'A time is no number.');
        lookAtUnits(data);
        if (parameterSets !== undefined) videoTrackFrom(parameterSets);
      },
      onAudio: ({ data, timestamp }) => {
        units += 1;
        promise(data.length > 0 && data.length <= 64 * 1024, 'A frame of sound has no sensible size.');
        promise(Number.isFinite(timestamp), 'A time is no number.');
      },
      onSound: (sound) => {
        if (sound.kind === 'track') promise(sound.track.sampleRate > 0, 'Sound has no rate.');
      },
      onVideoDamage: (count) => promise(count > 0, 'Damage is none.'),
      onAudioDamage: (count) => promise(count > 0, 'Damage is none.'),
      onVideoUnsupported: (detail) =>
        promise(/^[\x20-\x7e]+$/.test(detail), 'A sentence holds bytes of the camera.'),
    },
  });
  return { reader, units: () => units };
}

function lookAtUnits(data: Uint8Array): void {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let at = 0;
  while (at + 4 <= data.length) at += 4 + view.getUint32(at);
  promise(at === data.length && at > 0, 'NAL units do not fill their sample.');
}

function readStream(input: FuzzInput): number {
  const { reader, units } = watchedReader();
  const stream = new FlvStreamReader({ media: reader, largestTagBytes: LARGEST_TAG_BYTES });
  for (const piece of input) stream.push(piece, piece.length, 0);
  reader.release();
  return units();
}

/** The first byte of a piece says what kind of body it is. */
function readBodies(input: FuzzInput): number {
  const { reader, units } = watchedReader();
  for (const [index, piece] of input.entries()) {
    const body = reader[piece[0] === AUDIO ? 'audio' : 'video'];
    body.begin({ byteLength: Math.max(0, piece.length - 1), timestampMs: index * 40 });
    body.push(piece, Math.min(1, piece.length), piece.length);
    if (index % 7 === 6) body.abort();
    else body.end(index * 40);
    reader.isWanted = index % 11 !== 10;
  }
  reader.release();
  return units();
}

function readConfigurations(
  input: FuzzInput,
  parse: (record: Uint8Array) => DecoderConfiguration | undefined,
): number {
  let sets = 0;
  for (const piece of input) {
    const configuration = parse(piece);
    if (configuration === undefined) continue;
    const { nalLengthBytes, parameterSets } = configuration;
    promise(nalLengthBytes >= 1 && nalLengthBytes <= 4, 'NAL lengths have no sensible size.');
    promise(
      parameterSets.every(({ length }) => length > 0 && length <= piece.length),
      'A parameter set is made up.',
    );
    sets += parameterSets.length;
  }
  return sets;
}

function streamOf(clip: FlvClip): Buffer {
  const tags = bodiesOf(clip).map((body, index) => tag(body.readUInt8(0), index * 40, body.subarray(1)));
  return Buffer.concat([Buffer.from('464c5601050000000900000000', 'hex'), ...tags]);
}

function tag(type: number, timestampMs: number, body: Buffer): Buffer {
  const header = Buffer.alloc(11);
  header.writeUInt8(type, 0);
  header.writeUIntBE(body.length, 1, 3);
  header.writeUIntBE(timestampMs, 4, 3);
  const end = Buffer.alloc(4);
  end.writeUInt32BE(header.length + body.length);
  return Buffer.concat([header, body, end]);
}

/** Each after a byte with its kind. */
function bodiesOf({ videoHeader, frames, sound }: FlvClip): readonly Buffer[] {
  return [
    marked(VIDEO, videoHeader),
    ...(sound?.header === undefined ? [] : [marked(AUDIO, sound.header)]),
    ...frames.flatMap(({ body }, index) => [
      marked(VIDEO, body),
      ...(sound?.units.slice(index, index + 1) ?? []).map((unit) => marked(AUDIO, unit)),
    ]),
  ];
}

function marked(kind: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(kind), body]);
}
