import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { HlsService } from '../../src/engine/hls/index.ts';
import type { HlsLimits } from '../../src/engine/hls/index.ts';
import { GopBudget, GopCache, StreamFanout } from '../../src/engine/live/index.ts';
import type { Sample, StreamDescription } from '../../src/engine/media/sample.ts';
import { issueToken, revokeToken } from '../../src/engine/platform/tokens.ts';
import { EngineFailure, HlsTicket, enginePaths } from '../../src/shared/engine-api/index.ts';
import { manualClock } from '../unit/engine/live/manual-clock.ts';
import type { ManualClock } from '../unit/engine/live/manual-clock.ts';
import { syntheticStream } from '../unit/engine/recording/synthetic-stream.ts';
import { HttpFixture, playedEngine } from './engine-http-fixture.ts';
import {
  decodingComplaints,
  ffmpegMissing,
  later,
  makeSource,
  pictureHashes,
  sourceStart,
  temporaryDirectory,
} from './recording-fixture.ts';
import { quietLog } from './storage-fixture.ts';

const run = promisify(execFile);
const clip = { seconds: 8, framesPerSecond: 25, size: '320x240', gopFrames: 25 } as const;

interface Fixture {
  readonly clock: ManualClock;
  readonly stream: StreamFanout;
  readonly service: HlsService;
}

function createStream(): StreamFanout {
  const cache = new GopCache({ maximumBytes: 4 * 1024 ** 2, budget: new GopBudget(4 * 1024 ** 2) });
  return new StreamFanout({ cache, log: quietLog });
}

function createFixture(limits: Partial<HlsLimits> = {}): Fixture {
  const clock = manualClock();
  const stream = createStream();
  const service = new HlsService({
    directory: { find: (cameraId) => (cameraId === 'gate' ? stream : undefined) },
    settings: () => ({ enabled: true }),
    clock,
    log: quietLog,
    limits,
  });
  service.start();
  return { clock, stream, service };
}

function feed(stream: StreamFanout, samples: readonly Sample[], description?: StreamDescription): void {
  if (description !== undefined) stream.onDescription(description);
  for (const sample of samples) stream.onSample(sample);
}

async function textOf(service: HlsService): Promise<string> {
  const outcome = await service.playlist('gate', 'main');
  if (outcome.kind !== 'playlist') throw new Error(`There is no playlist: ${outcome.kind}.`);
  return outcome.text;
}

/** What a player fetches: each initialization segment with the segments that need it. */
async function fetchEras(
  service: HlsService,
): Promise<readonly { readonly names: string[]; readonly bytes: Buffer }[]> {
  const text = await textOf(service);
  const eras: { names: string[]; pieces: Uint8Array[] }[] = [];
  for (const [, initName, segmentName] of text.matchAll(/^(?:#EXT-X-MAP:URI="(.*)"|([^#\n].*))$/gm)) {
    const name = initName ?? segmentName ?? '';
    const bytes = service.file('gate', 'main', name);
    if (bytes === undefined) throw new Error(`${name} is listed but is not there.`);
    if (initName !== undefined) eras.push({ names: [], pieces: [] });
    eras.at(-1)?.names.push(name);
    eras.at(-1)?.pieces.push(bytes);
  }
  return eras.map(({ names, pieces }) => ({ names, bytes: Buffer.concat(pieces) }));
}

/** Writes a list that has ended with its segments, as ffmpeg reads it from a disk. */
async function save(service: HlsService, directory: string): Promise<string> {
  for (const { names } of await fetchEras(service)) {
    for (const name of names) {
      const bytes = service.file('gate', 'main', name) ?? new Uint8Array();
      await writeFile(join(directory, name), bytes);
    }
  }
  const file = join(directory, 'index.m3u8');
  await writeFile(file, `${await textOf(service)}#EXT-X-ENDLIST\n`);
  return file;
}

describe.skipIf(ffmpegMissing)(`HLS, judged by ffmpeg (${ffmpegMissing ?? 'present'})`, () => {
  it('gives every picture and sound of whole segments', async () => {
    await using directory = await temporaryDirectory();
    const source = await makeSource(directory.path, { ...clip, bFrames: 2, withAudio: true });
    const { stream, service } = createFixture();
    const first = service.playlist('gate', 'main');
    feed(stream, source.samples, source.description);
    expect((await first).kind).toBe('playlist');

    const file = await save(service, directory.path);
    expect(await decodingComplaints(file)).toBe('');
    // Three segments of two seconds are whole; the fourth is still open. Later pictures may be shown before its first.
    expect(await pictureHashes([file])).toEqual(source.pictureHashes.slice(0, 150));
    const { stdout } = await run('ffprobe', [
      ...'-v error -count_packets -select_streams a -show_entries stream=codec_name,nb_read_packets -of csv=p=0'.split(
        ' ',
      ),
      file,
    ]);
    const sounds = source.samples.filter(({ track, dts90k }) => track === 'audio' && dts90k < 6 * 90_000);
    expect(stdout.trim()).toMatch(new RegExp(String.raw`^aac,${sounds.length}\b`));
    expect((await textOf(service)).match(/EXT-X-PROGRAM-DATE-TIME:(.*)/)?.[1]).toBe(
      new Date(sourceStart.utcMs).toISOString(),
    );
    service.stop();
  });

  it('carries a player over a change of resolution and a time without the camera', async () => {
    await using directory = await temporaryDirectory();
    await using second = await temporaryDirectory();
    const small = await makeSource(directory.path, { ...clip, seconds: 3 });
    const large = await makeSource(second.path, { ...clip, seconds: 3, size: '640x360' });
    const { stream, service } = createFixture();
    const asked = service.playlist('gate', 'main');
    feed(stream, small.samples, small.description);
    stream.onInterruption({ kind: 'silent', detail: 'nothing for 5 s' });
    feed(
      stream,
      large.samples.map((sample) => later(sample, 9_000)),
      { ...large.description, generation: 2 },
    );
    await asked;

    const text = await textOf(service);
    expect([text.match(/#EXT-X-DISCONTINUITY\n/g)?.length, text.match(/EXT-X-MAP/g)?.length]).toEqual([1, 2]);
    // ffmpeg's own reader of lists goes on with the first parameters, so it gets each stretch as a file.
    const hashes: string[][] = [];
    for (const [index, { bytes }] of (await fetchEras(service)).entries()) {
      const file = join(directory.path, `era-${index}.mp4`);
      await writeFile(file, bytes);
      expect(await decodingComplaints(file)).toBe('');
      hashes.push(await pictureHashes([file]));
    }
    expect(hashes).toEqual([small.pictureHashes, large.pictureHashes.slice(0, 50)]);
    service.stop();
  });

  it('plays over HTTPS with a ticket, and no longer once the token behind it is revoked', async () => {
    await using directory = await temporaryDirectory();
    const source = await makeSource(directory.path, clip);
    const { stream, service } = createFixture();
    await using fixture = await HttpFixture.open(() => playedEngine({ hls: service }));
    const viewer = issueToken(fixture.layout, { scope: 'view', nowUtcMs: 0 });
    const ordered = await fixture.ask(enginePaths.hlsTickets('gate'), {
      token: viewer.token,
      method: 'POST',
      body: JSON.stringify({ stream: 'main' }),
    });
    const { path } = HlsTicket.parse(JSON.parse(ordered.body));
    expect({ status: ordered.status, path }).toEqual({
      status: 201,
      path: expect.stringMatching(/^\/hls-ticket\/[A-Za-z0-9_-]{43}\/index\.m3u8$/),
    });

    const playlist = fixture.ask(path);
    await expect.poll(() => service.status().streams).toBe(1);
    feed(stream, source.samples, source.description);
    expect((await playlist).headers['content-type']).toBe('application/vnd.apple.mpegurl');
    const out = join(directory.path, 'played.mp4');
    const url = `https://127.0.0.1:${fixture.port}${path}`;
    // A live list: ffmpeg is told how much to take.
    await run('ffmpeg', [
      ...'-v error -y -live_start_index 0 -i'.split(' '),
      url,
      ...'-c copy -t 5.9'.split(' '),
      out,
    ]);
    expect((await pictureHashes([out])).slice(0, 140)).toEqual(source.pictureHashes.slice(0, 140));

    expect(fixture.log.text).not.toContain(path.split('/')[2]);
    revokeToken(fixture.layout, viewer.id);
    fixture.clock.advance(2_000);
    const refused = await fixture.ask(path);
    expect([refused.status, EngineFailure.parse(JSON.parse(refused.body)).code]).toEqual([
      401,
      'unauthorized',
    ]);
    service.stop();
  });
});

describe('HLS on demand', () => {
  const { description, samples } = syntheticStream({
    seed: 1,
    seconds: 40,
    gopFrames: 25,
    maximumPictureBytes: 500,
  });

  it('begins with the first request and ends when nobody asks any more', async () => {
    const { clock, stream, service } = createFixture();
    expect(await service.playlist('nobody', 'main')).toEqual({ kind: 'unknown-stream' });
    const [asked, again] = [service.playlist('gate', 'main'), service.playlist('gate', 'main')];
    feed(stream, samples.slice(0, 60), description);
    expect((await asked).kind).toBe('playlist');
    expect(await again).toEqual(await asked);
    expect([stream.memberCount, service.status().streams]).toEqual([1, 1]);
    clock.advance(29_000);
    expect(service.file('gate', 'main', 'segment-1.m4s')).toBeUndefined();
    clock.advance(29_000);
    expect(service.status()).toMatchObject({ streams: 1, waiting: 0 });
    clock.advance(10_000);
    expect([stream.memberCount, service.status()]).toMatchObject([0, { streams: 0, bytes: 0, waiting: 0 }]);
  });

  it('does not wait for ever for a camera that sends nothing', async () => {
    const { clock, service } = createFixture();
    const asked = service.playlist('gate', 'main');
    clock.advance(12_000);
    expect(await asked).toEqual({ kind: 'not-ready' });
  });

  it('remembers nobody who waited in vain', async () => {
    const { clock, service } = createFixture();
    const counts: number[] = [];
    for (let poll = 0; poll < 5; poll += 1) {
      const asked = [service.playlist('gate', 'main'), service.playlist('gate', 'main')];
      counts.push(service.status().waiting);
      clock.advance(12_000);
      await Promise.all(asked);
    }
    expect([...counts, service.status().waiting]).toEqual([2, 2, 2, 2, 2, 0]);
  });

  it('lists the newest segments, keeps a few more, and no more bytes than it may', async () => {
    const { stream, service } = createFixture({ maximumBytes: 60_000 });
    const asked = service.playlist('gate', 'main');
    const sizes: number[] = [];
    stream.onDescription(description);
    for (const sample of samples) {
      stream.onSample(sample);
      sizes.push(service.status().bytes);
    }
    await asked;
    const text = await textOf(service);
    const first = Number(/MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]);
    const listed = [...text.matchAll(/^segment-(\d+)\.m4s$/gm)].map(([, number]) => Number(number));
    expect(listed).toEqual(Array.from(listed, (_, index) => first + index));
    expect(listed.length).toBeLessThan(6);
    expect(service.file('gate', 'main', `segment-${first - 1}.m4s`)).toBeUndefined();
    // What is kept, and the segment that is open.
    expect(Math.max(...sizes)).toBeLessThan(60_000 + 2 * 15_000);
  });

  it('shares one bound in bytes among all streams, of which the one begun last gives way', async () => {
    // Nearly a megabyte a second.
    const heavy = syntheticStream({ seed: 3, seconds: 12, gopFrames: 25, maximumPictureBytes: 70_000 });
    const streams = new Map(Array.from({ length: 32 }, (_, camera) => [`camera-${camera}`, createStream()]));
    const clock = manualClock();
    const memoryMebibytes = 32;
    const service = new HlsService({
      directory: { find: (cameraId) => streams.get(cameraId) },
      settings: () => ({ enabled: true, memoryMebibytes }),
      clock,
      log: quietLog,
      limits: { idleAfterMs: 3_600_000 },
    });
    service.start();
    const begin = async (cameraId: string): Promise<string> => {
      const asked = service.playlist(cameraId, 'main');
      const stream = streams.get(cameraId);
      if (stream !== undefined && stream.memberCount > 0)
        feed(stream, heavy.samples.slice(0, 80), heavy.description);
      return (await asked).kind;
    };
    const kinds: string[] = [];
    for (let camera = 0; kinds.at(-1) !== 'no-memory'; camera += 1)
      kinds.push(await begin(`camera-${camera}`));
    const beginners = kinds.length - 1;
    // All go on, and need more than when they began.
    const largest: number[] = [];
    for (const [index, sample] of heavy.samples.slice(80).entries()) {
      for (const stream of streams.values()) if (stream.memberCount > 0) stream.onSample(sample);
      if (index % 25 === 0) largest.push(service.status().bytes);
    }
    const { streams: running, ended, refused } = service.status();
    expect([running + ended, refused]).toEqual([beginners, 1]);
    expect(ended).toBeGreaterThan(0);
    expect(running).toBeGreaterThan(1);
    // Beside what is bounded there is the second in hand of each stream.
    expect(Math.max(...largest)).toBeLessThan(memoryMebibytes * 1024 ** 2 + beginners * 2_000_000);
    expect((await service.playlist('camera-0', 'main')).kind).toBe('playlist');
    expect((await service.playlist(`camera-${beginners - 1}`, 'main')).kind).toBe('no-memory');
    service.stop();
  });

  it('numbers segments on when it was stopped in between', async () => {
    const { clock, stream, service } = createFixture();
    const asked = service.playlist('gate', 'main');
    feed(stream, samples.slice(0, 201), description);
    const before = Number(/MEDIA-SEQUENCE:(\d+)/.exec(await textOf(service))?.[1]);
    await asked;
    clock.advance(40_000);
    const again = service.playlist('gate', 'main');
    feed(stream, samples.slice(200, 260));
    const after = Number(/MEDIA-SEQUENCE:(\d+)/.exec(await textOf(service))?.[1]);
    await again;
    expect(after).toBeGreaterThan(before + 4);
  });

  it('ends with the stream, and refuses more streams than it may serve', async () => {
    const { stream, service } = createFixture({ maximumStreams: 1 });
    const asked = service.playlist('gate', 'main');
    expect(await service.playlist('gate', 'sub')).toEqual({
      kind: 'too-many',
      maximumStreams: 1,
      idleMs: 30_000,
    });
    expect(service.status()).toMatchObject({ streams: 1, refused: 1, ended: 0 });
    stream.end('The camera was removed.');
    expect(await asked).toEqual({ kind: 'not-ready' });
  });
});
