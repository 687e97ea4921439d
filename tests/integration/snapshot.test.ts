import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GopBudget, GopCache, StreamFanout } from '../../src/engine/live/index.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { SnapshotService, findFootage } from '../../src/engine/snapshot/index.ts';
import type { RecordedMoment, SnapshotLimits, SnapshotOutcome } from '../../src/engine/snapshot/index.ts';
import { findFfmpeg } from '../../src/engine/transcode/index.ts';
import { EngineFailure, enginePaths } from '../../src/shared/engine-api/index.ts';
import { syntheticStream } from '../unit/engine/recording/synthetic-stream.ts';
import { HttpFixture, playedEngine } from './engine-http-fixture.ts';
import { ffmpegMissing, makeSource, pictureHashes, probe, temporaryDirectory } from './recording-fixture.ts';
import { quietLog } from './storage-fixture.ts';

const clock = createSystemClock();

function createStream(): StreamFanout {
  const cache = new GopCache({ maximumBytes: 4 * 1024 ** 2, budget: new GopBudget(4 * 1024 ** 2) });
  return new StreamFanout({ cache, log: quietLog });
}

interface ServiceOptions {
  readonly stream?: StreamFanout;
  readonly ffmpeg?: string | undefined;
  readonly footage?: RecordedMoment;
  readonly limits?: Partial<SnapshotLimits>;
}

function createService({ stream, footage, limits, ffmpeg }: ServiceOptions): SnapshotService {
  return new SnapshotService({
    ffmpeg,
    directory: { find: (cameraId) => (cameraId === 'gate' ? stream : undefined) },
    findFootage: () => Promise.resolve(footage),
    clock,
    ...(limits === undefined ? {} : { limits }),
  });
}

/** Kind, width and height as ffprobe sees them. */
async function judge(outcome: SnapshotOutcome, directory: string): Promise<string> {
  if (outcome.kind !== 'jpeg') return JSON.stringify(outcome);
  const file = join(directory, 'picture.jpg');
  await writeFile(file, outcome.bytes);
  const [line = ''] = await probe(file, ['-show_entries', 'stream=codec_name,width,height']);
  return line;
}

/** A program that stands for ffmpeg. */
async function program(directory: string, script: string): Promise<string> {
  const path = join(directory, 'ffmpeg');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

describe.skipIf(ffmpegMissing)(`a snapshot by ffmpeg (${ffmpegMissing ?? 'present'})`, () => {
  const ffmpeg = findFfmpeg(process.env['PATH'] ?? '');

  it('is the newest picture where decoding can begin, at once', async () => {
    await using directory = await temporaryDirectory();
    const clip = { seconds: 3, framesPerSecond: 10, size: '320x240', gopFrames: 10 } as const;
    const source = await makeSource(directory.path, clip);
    const stream = createStream();
    stream.onDescription(source.description);
    for (const sample of source.samples.slice(0, 25)) stream.onSample(sample);
    const service = createService({ stream, ffmpeg });

    const [first, second] = await Promise.all([service.live('gate', 'main'), service.live('gate', 'main')]);
    expect(await judge(first, directory.path)).toBe('mjpeg,320,240');
    expect(second).toBe(first);
    expect(stream.memberCount).toBe(0);
  });

  it('is the recorded picture of a moment', async () => {
    await using directory = await temporaryDirectory();
    const clip = { seconds: 3, framesPerSecond: 10, size: '320x240', gopFrames: 10 } as const;
    const source = await makeSource(directory.path, clip);
    const footage = { path: join(directory.path, 'source.mp4'), offsetMs: 2_500 };
    const outcome = await createService({ ffmpeg, footage }).recorded('gate', 5);
    expect(await judge(outcome, directory.path)).toBe('mjpeg,320,240');
    expect(source.pictureHashes).toHaveLength(30);
    expect(await pictureHashes([join(directory.path, 'picture.jpg')])).toHaveLength(1);
  });

  it('says why when the picture cannot be decoded', async () => {
    const stream = createStream();
    const { description, samples } = syntheticStream({ seed: 1, seconds: 1 });
    stream.onDescription(description);
    for (const sample of samples) stream.onSample(sample);
    const outcome = await createService({ stream, ffmpeg }).live('gate', 'main');
    expect(outcome).toEqual({ kind: 'failed', detail: expect.stringMatching(/\S/) });
  });
});

describe('a snapshot', () => {
  const { description, samples } = syntheticStream({ seed: 2, seconds: 1 });
  const running = (): StreamFanout => {
    const stream = createStream();
    stream.onDescription(description);
    for (const sample of samples) stream.onSample(sample);
    return stream;
  };

  it.each([
    {
      what: 'takes too long',
      script: 'exec sleep 60',
      limits: { conversionTimeoutMs: 200 },
      detail: 'ffmpeg took longer than 0.2 s.',
    },
    {
      what: 'makes too much',
      script: 'exec yes',
      limits: { maximumBytes: 10_000 },
      detail: 'ffmpeg made more than 10000 bytes.',
    },
    { what: 'fails without a word', script: 'exit 3', limits: {}, detail: 'ffmpeg ended with 3.' },
    { what: 'complains', script: 'echo "bad  picture" >&2; exit 1', limits: {}, detail: 'bad picture' },
  ])('fails in time when ffmpeg $what', async ({ script, limits, detail }) => {
    await using directory = await temporaryDirectory();
    const ffmpeg = await program(directory.path, script);
    const service = createService({ stream: running(), ffmpeg, limits });
    expect(await service.live('gate', 'main')).toEqual({ kind: 'failed', detail });
  });

  it('fails when ffmpeg is gone, and says when there never was one', async () => {
    const service = createService({ stream: running(), ffmpeg: '/nowhere/ffmpeg' });
    expect(await service.live('gate', 'main')).toEqual({
      kind: 'failed',
      detail: 'ffmpeg cannot be started (ENOENT).',
    });
    expect(await createService({}).live('gate', 'main')).toEqual({ kind: 'no-ffmpeg' });
    expect(findFfmpeg('relative:/nowhere::.')).toBeUndefined();
  });

  it('does not wait for ever for a camera, and not at all for one that is removed', async () => {
    const limits = { pictureTimeoutMs: 50 };
    const silent = createService({ stream: createStream(), ffmpeg: '/nowhere/ffmpeg', limits });
    expect(await silent.live('gate', 'main')).toEqual({ kind: 'no-picture' });
    expect(await silent.live('nobody', 'main')).toEqual({ kind: 'unknown-stream' });
    const removed = createStream();
    const asked = createService({ stream: removed, ffmpeg: '/nowhere/ffmpeg' }).live('gate', 'main');
    removed.end('The camera was removed.');
    expect(await asked).toEqual({ kind: 'no-picture' });
  });

  it('is made for so many at a time', async () => {
    const limits = { maximumPictures: 1, pictureTimeoutMs: 50 };
    const service = createService({ stream: createStream(), ffmpeg: '/nowhere/ffmpeg', limits });
    const first = service.live('gate', 'main');
    expect(await service.live('gate', 'sub')).toEqual({ kind: 'too-many' });
    expect(await first).toEqual({ kind: 'no-picture' });
  });

  it('is found in footage by its moment', async () => {
    const segment = {
      id: 7,
      cameraId: 'gate',
      startUtcMs: 1_000,
      durationMs: 500,
      byteLength: 9,
      frameCount: 1,
      state: 'finished',
      hasAudio: false,
    } as const;
    const store = {
      segments: () => Promise.resolve({ segments: [segment], truncated: false }),
      segmentFile: () => Promise.resolve({ path: '/footage/7.mp4', byteLength: 9 }),
    };
    expect([await findFootage(store, 'gate', 1_200), await findFootage(store, 'gate', 1_501)]).toEqual([
      { path: '/footage/7.mp4', offsetMs: 200 },
      undefined,
    ]);
    const gone = { ...store, segmentFile: () => Promise.resolve(undefined) };
    expect(await findFootage(gone, 'gate', 1_200)).toBeUndefined();
  });

  it.each([
    [{ kind: 'no-ffmpeg' }, 501, 'unavailable'],
    [{ kind: 'unknown-stream' }, 404, 'not-found'],
    [{ kind: 'no-picture' }, 503, 'unavailable'],
    [{ kind: 'too-many' }, 429, 'too-many'],
    [{ kind: 'failed', detail: 'x' }, 503, 'unavailable'],
  ] satisfies [SnapshotOutcome, number, string][])(
    'is refused over HTTP with %j as %i',
    async (outcome, status, code) => {
      await using fixture = await HttpFixture.open(() =>
        playedEngine({
          snapshots: { live: () => Promise.resolve(outcome), recorded: () => Promise.resolve(outcome) },
        }),
      );
      for (const path of [enginePaths.snapshot('gate'), `${enginePaths.snapshot('gate')}?at=5`]) {
        const answer = await fixture.ask(path);
        expect([answer.status, EngineFailure.parse(JSON.parse(answer.body)).code]).toEqual([status, code]);
      }
    },
  );

  it('comes over HTTP as it was made', async () => {
    const bytes = Buffer.from('a picture');
    await using fixture = await HttpFixture.open(() =>
      playedEngine({
        snapshots: {
          live: (cameraId, stream) =>
            Promise.resolve({ kind: 'jpeg', bytes: Buffer.from(`${cameraId} ${stream}`) }),
          recorded: (_cameraId, at) =>
            Promise.resolve({ kind: 'jpeg', bytes: at === 5 ? bytes : Buffer.alloc(0) }),
        },
      }),
    );
    const answers = await Promise.all(
      ['', '?stream=sub', '?at=5', '?at=5&stream=sub'].map((query) =>
        fixture.ask(`${enginePaths.snapshot('gate')}${query}`),
      ),
    );
    expect(
      answers.map(({ status, body, headers }) => [
        status,
        status === 200 ? body : '',
        headers['content-type'],
      ]),
    ).toEqual([
      [200, 'gate main', 'image/jpeg'],
      [200, 'gate sub', 'image/jpeg'],
      [200, 'a picture', 'image/jpeg'],
      [400, '', 'application/json; charset=utf-8'],
    ]);
  });
});
