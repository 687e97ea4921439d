/** What of the pictures and sounds of a connection is passed on, and when the stream is described anew. */
import { describe, expect, it } from 'vitest';
import { SamplePipeline } from '../../../../src/engine/ingest/sample-pipeline.ts';
import type { PipelineTracks, VideoUnit } from '../../../../src/engine/ingest/sample-pipeline.ts';
import { WallClock } from '../../../../src/engine/ingest/wall-clock.ts';
import type { AacTrack, G711Track } from '../../../../src/engine/media/sample.ts';
import type { H264ParameterSets, H265ParameterSets } from '../../../../src/engine/media/parameter-sets.ts';
import { CollectingSubscriber } from './collecting-subscriber.ts';
import { ManualClock } from './manual-clock.ts';

const small: H264ParameterSets = {
  codec: 'h264',
  sps: Buffer.from('Z00AH5WoFAFuQA==', 'base64'),
  pps: Buffer.from('aO48gA==', 'base64'),
};
const large: H264ParameterSets = { ...small, sps: Buffer.from('Z2QAM6zoAoALWQ==', 'base64') };
const h265: H265ParameterSets = {
  codec: 'h265',
  vps: Buffer.from('QAEMAf//AWAAAAMAsAAAAwAAAwBarAwAAAMABAAAAwAyqA==', 'base64'),
  sps: Buffer.from('QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE=', 'base64'),
  pps: Buffer.from('RAHA8saNA7NA', 'base64'),
};
const mulaw: G711Track = { kind: 'audio', codec: 'pcmu', sampleRate: 8000, channels: 1 };
const aac: AacTrack = {
  kind: 'audio',
  codec: 'aac',
  audioSpecificConfig: Uint8Array.from([0x14, 0x08]),
  sampleRate: 16_000,
  channels: 1,
  samplesPerFrame: 1024,
};

const FRAME_MS = 40;

type Kind = 'sync' | 'picture' | 'recovery point' | 'skippable';

/** A camera of 25 pictures a second. */
class Camera {
  readonly seen = new CollectingSubscriber();
  readonly pipeline: SamplePipeline;
  restless = 0;
  #frame = 0;

  constructor() {
    const clock = new ManualClock();
    this.pipeline = new SamplePipeline({
      originMonotonicMs: 0,
      wallClock: new WallClock(clock),
      events: {
        onDescription: (description) => this.seen.onDescription(description),
        onSample: (sample) => this.seen.onSample(sample),
        onRestless: () => void (this.restless += 1),
      },
    });
  }

  wait(ms: number): void {
    this.#frame += ms / FRAME_MS;
  }

  begin(tracks: Partial<PipelineTracks> = {}): void {
    this.pipeline.beginConnection({
      videoClockRate: 90_000,
      audio: undefined,
      audioClockRate: 8000,
      ...tracks,
    });
  }

  send(kind: Kind, parameterSets: VideoUnit['parameterSets'] = small): void {
    this.pipeline.takeVideo({
      data: Buffer.from(kind),
      timestamp: this.#frame * 90 * FRAME_MS,
      parameterSets,
      isSync: kind === 'sync',
      isRecoveryPoint: kind === 'recovery point',
      isSkippable: kind === 'skippable',
      arrivalMonotonicMs: this.#frame * FRAME_MS,
    });
    this.#frame += 1;
  }

  sendSound(): void {
    this.pipeline.takeAudio(this.#besides('sound', 8));
  }

  sendDocument(): void {
    this.pipeline.takeMetadata(this.#besides('<a/>', 90));
  }

  #besides(content: string, ticksPerMs: number) {
    const arrivalMonotonicMs = this.#frame * FRAME_MS;
    return { data: Buffer.from(content), timestamp: arrivalMonotonicMs * ticksPerMs, arrivalMonotonicMs };
  }
}

describe('a stream without IDR pictures', () => {
  it('begins with a recovery point once no IDR picture has come for ten seconds', () => {
    const camera = new Camera();
    camera.begin();
    // A recovery point every second, from the first picture on.
    for (let frame = 0; frame < 300; frame += 1) camera.send(frame % 25 === 0 ? 'recovery point' : 'picture');

    expect(camera.seen.order.slice(0, 3)).toEqual(['description 1', 'sync', 'picture']);
    expect(camera.seen.samples).toHaveLength(300 - 250);
    expect(camera.seen.samples.filter(({ isSync }) => isSync).map(({ dts90k }) => dts90k / 90_000)).toEqual([
      10, 11,
    ]);
    expect(camera.pipeline.counters).toEqual({ videoFrames: 50, lost: 0 });
  });

  it('goes on at the next recovery point after damage', () => {
    const camera = new Camera();
    camera.begin();
    for (let frame = 0; frame < 260; frame += 1) camera.send(frame % 25 === 0 ? 'recovery point' : 'picture');
    camera.pipeline.takeVideoDamage(1);
    camera.send('picture');
    camera.send('recovery point');

    expect(camera.seen.samples.at(-1)).toMatchObject({ isSync: true });
    expect(camera.pipeline.counters).toEqual({ videoFrames: 11, lost: 2 });
  });

  it('is told from one with IDR pictures, whose recovery points stay ordinary pictures', () => {
    const camera = new Camera();
    camera.begin();
    for (let frame = 0; frame < 600; frame += 1) {
      camera.send(frame % 100 === 0 ? 'sync' : frame % 25 === 0 ? 'recovery point' : 'picture');
    }
    expect(camera.seen.samples.flatMap(({ isSync }, frame) => (isSync ? [frame] : []))).toEqual([
      0, 100, 200, 300, 400, 500,
    ]);
  });
});

describe('pictures that refer to pictures from before', () => {
  it('are left out behind the picture that decoding began with, and kept behind later ones', () => {
    const camera = new Camera();
    camera.begin();
    for (const kind of [
      'skippable',
      'sync',
      'skippable',
      'picture',
      'sync',
      'skippable',
      'picture',
    ] as const) {
      camera.send(kind, h265);
    }
    expect(camera.seen.samples.map(({ data }) => Buffer.from(data).toString())).toEqual([
      'sync',
      'picture',
      'sync',
      'skippable',
      'picture',
    ]);
    expect(camera.seen.descriptions).toMatchObject([{ video: { codec: 'h265', width: 704, height: 480 } }]);
  });

  it('are left out again after damage', () => {
    const camera = new Camera();
    camera.begin();
    camera.send('sync', h265);
    camera.pipeline.takeVideoDamage(1);
    for (const kind of ['picture', 'sync', 'skippable', 'picture'] as const) camera.send(kind, h265);
    expect(camera.seen.order).toEqual(['description 1', 'sync', 'sync', 'picture']);
    expect(camera.pipeline.counters).toEqual({ videoFrames: 3, lost: 2 });
  });
});

describe('a new generation', () => {
  it('begins with the first sync picture of other parameter sets, not with what comes before it', () => {
    const camera = new Camera();
    camera.begin();
    camera.send('sync');
    camera.send('picture');
    camera.send('picture', large);
    camera.send('sync', large);
    camera.send('picture', large);
    expect(camera.seen.order).toEqual([
      'description 1',
      'sync',
      'picture',
      'description 2',
      'sync',
      'picture',
    ]);
    expect(camera.seen.descriptions.map(({ generation, video }) => [generation, video.width])).toEqual([
      [1, 1280],
      [2, 2560],
    ]);
  });

  it('is none when a reconnected camera is what it was, only told again', () => {
    const camera = new Camera();
    camera.begin({ audio: mulaw });
    camera.send('sync');
    camera.begin({ audio: { ...mulaw } });
    camera.send('sync', { ...small });
    camera.sendSound();
    expect(camera.seen.order).toEqual(['description 1', 'sync', 'description 1', 'sync', 'audio']);
  });

  it('does not begin with every picture of a camera that changes with every picture', () => {
    const camera = new Camera();
    camera.begin();
    const seconds = 60;
    for (let frame = 0; frame < (seconds * 1_000) / FRAME_MS; frame += 1) {
      // The level: one byte, which a camera may write as it likes.
      const sps = Buffer.from(small.sps);
      sps[3] = frame % 256;
      camera.send('sync', { ...small, sps });
    }
    const generations = camera.seen.descriptions.length;
    expect(generations).toBeLessThan(8 + seconds / 2 + 2);
    expect(generations).toBeGreaterThan(seconds / 2);
    const { videoFrames, lost } = camera.pipeline.counters;
    expect({ videoFrames, lost, restless: camera.restless }).toEqual({
      videoFrames: generations,
      lost: (seconds * 1_000) / FRAME_MS - generations,
      restless: 1,
    });
    // In peace it is what it was.
    camera.wait(20_000);
    camera.send('sync', large);
    camera.send('picture', large);
    expect(camera.seen.order.slice(-3)).toEqual([`description ${generations + 1}`, 'sync', 'picture']);
  });

  it('does not begin with every sound of a camera that changes it all the time, and loses no picture', () => {
    const camera = new Camera();
    camera.begin({ audio: mulaw });
    for (let frame = 0; frame < 100; frame += 1) {
      camera.pipeline.changeAudio(frame % 2 === 0 ? aac : mulaw);
      camera.send('sync');
      camera.send('picture');
    }
    expect(camera.seen.descriptions.length).toBeLessThan(15);
    expect(camera.pipeline.counters).toEqual({ videoFrames: 200, lost: 0 });
  });

  it('begins when another codec of sound is chosen, and when sound is switched off', () => {
    const camera = new Camera();
    camera.begin({ audio: mulaw });
    camera.send('sync');
    camera.begin({ audio: { ...mulaw, codec: 'pcma' } });
    camera.send('sync');
    camera.begin();
    camera.send('sync');
    expect(camera.seen.descriptions.map(({ generation, audio }) => [generation, audio?.codec])).toEqual([
      [1, 'pcmu'],
      [2, 'pcma'],
      [3, undefined],
    ]);
  });

  it('begins with the picture after the stream has said what its sound is, and costs no picture', () => {
    const camera = new Camera();
    camera.begin();
    camera.send('sync');
    camera.pipeline.changeAudio(aac);
    camera.sendSound();
    camera.send('picture');
    camera.send('sync');
    camera.sendSound();
    expect(camera.seen.order).toEqual(['description 1', 'sync', 'picture', 'description 2', 'sync', 'audio']);
    expect(camera.seen.descriptions.at(-1)?.audio).toBe(aac);
  });
});

it('says why there is no sound', () => {
  const camera = new Camera();
  camera.begin({ audioIgnored: 'The camera sends G726 sound.' });
  camera.send('sync');
  camera.begin({ audio: mulaw });
  camera.pipeline.dropAudio('The camera refused.');
  camera.send('sync');
  expect(camera.seen.descriptions.map(({ audio, audioIgnored }) => [audio, audioIgnored])).toEqual([
    [undefined, 'The camera sends G726 sound.'],
    [undefined, 'The camera refused.'],
  ]);
});

it('passes metadata on as documents on the timeline, when the camera gives it', () => {
  const camera = new Camera();
  camera.begin({ metadata: { track: { kind: 'metadata', codec: 'onvif' }, clockRate: 90_000 } });
  camera.sendDocument();
  camera.send('sync');
  camera.sendDocument();
  camera.begin({ metadata: { track: { kind: 'metadata', codec: 'onvif' }, clockRate: 90_000 } });
  camera.pipeline.dropMetadata();
  camera.send('sync');
  camera.sendDocument();
  expect(camera.seen.samples.filter(({ track }) => track === 'metadata')).toEqual([
    expect.objectContaining({ data: Buffer.from('<a/>'), dts90k: 3600, pts90k: 3600, isSync: true }),
  ]);
  expect(camera.seen.descriptions.map(({ metadata }) => metadata?.codec)).toEqual(['onvif', undefined]);
});
