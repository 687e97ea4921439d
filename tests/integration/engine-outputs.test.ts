import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { z } from 'zod';
import {
  type ConfigUpdate,
  ConfigView,
  EngineStatus,
  EventMessage,
  HlsTicket,
  SegmentList,
  enginePaths,
} from '../../src/shared/engine-api/index.ts';
import type { CameraConfig, EngineEvent } from '../../src/shared/engine-api/index.ts';
import type { SimCamera } from '../../src/sim/camera/camera.ts';
import { createSimCameras } from '../../src/sim/site/cameras.ts';
import { EngineProcess, temporaryFolder } from './engine-process.ts';
import { decodingComplaints, ffmpegMissing, probe } from './recording-fixture.ts';

/** What a whole engine gives to players, people and programs, judged by ffmpeg. */

const run = promisify(execFile);
const credentials = { username: 'admin', password: 'camera %secret' };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let camera: SimCamera;
let engine: EngineProcess;
let token: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  const made = await createSimCameras({
    count: 1,
    seed: 1,
    firstAddress: '127.31.4.1',
    ports: { http: 0, rtsp: 0 },
    ...credentials,
  });
  const [first] = made;
  if (first === undefined) throw new Error('No camera was made.');
  camera = first;
  await camera.start();
  engine = await EngineProcess.start(join(folder.path, 'engine'));
  ({ token } = engine.enrol('admin'));
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await camera.stop();
  await folder[Symbol.asyncDispose]();
});

async function configure(sections: Omit<z.input<typeof ConfigUpdate>, 'version'>): Promise<void> {
  const { version } = ConfigView.parse((await engine.ask(enginePaths.config, { token })).json());
  const body = JSON.stringify({ version, ...sections });
  expect((await engine.ask(enginePaths.config, { method: 'PUT', token, body })).status).toBe(200);
}

function gate(record: boolean): CameraConfig {
  const { mainUrl, subUrl } = camera.info;
  return { id: 'gate', name: 'Gate', main: mainUrl, sub: subUrl, credentials, record };
}

/** A listener to events, which can be asked for the first that fits. */
class Listener {
  readonly messages: EventMessage[] = [];
  readonly #socket: WebSocket;

  constructor(query = '') {
    this.#socket = new WebSocket(`wss://127.0.0.1:${engine.port}${enginePaths.events}${query}`, {
      rejectUnauthorized: false,
      headers: { authorization: `Bearer ${token}` },
    });
    this.#socket.on('message', (message: Buffer) =>
      this.messages.push(EventMessage.parse(JSON.parse(message.toString()))),
    );
  }

  async first<Found>(choose: (message: EventMessage) => Found | undefined): Promise<Found> {
    for (let index = 0; ; index += 1) {
      while (index >= this.messages.length) await once(this.#socket, 'message');
      const message = this.messages[index];
      const found = message === undefined ? undefined : choose(message);
      if (found !== undefined) return found;
    }
  }

  event<Found>(choose: (event: EngineEvent) => Found | undefined): Promise<Found> {
    return this.first((message) => (message.kind === 'event' ? choose(message.event) : undefined));
  }

  snapshot(): Promise<Extract<EventMessage, { kind: 'snapshot' }>> {
    return this.first((message) => (message.kind === 'snapshot' ? message : undefined));
  }

  close(): void {
    this.#socket.close();
  }
}

/** So many bytes of a stream over HTTP, and then no more. */
async function readSome(path: string, byteLength: number): Promise<Buffer> {
  const asked = request({
    host: '127.0.0.1',
    port: engine.port,
    path,
    headers: { authorization: `Bearer ${token}` },
    rejectUnauthorized: false,
    agent: false,
  });
  asked.end();
  const [response] = await once(asked, 'response');
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    received += chunk.byteLength;
    if (received >= byteLength) break;
  }
  asked.destroy();
  return Buffer.concat(chunks);
}

describe.skipIf(ffmpegMissing)(`a whole engine, judged by ffmpeg (${ffmpegMissing ?? 'present'})`, () => {
  it('tells what a new configuration leads to', async () => {
    const listener = new Listener();
    const { epoch, sequence, state } = await listener.snapshot();
    expect({ sequence, cameras: state.cameras, volumes: state.volumes.length }).toEqual({
      sequence: 0,
      cameras: [],
      volumes: 1,
    });
    await configure({
      cameras: [gate(true)],
      serve: { hls: { enabled: true } },
    });
    expect(await listener.event((event) => (event.kind === 'config' ? event.version : undefined))).toBe(
      state.configVersion + 1,
    );
    const recorded = await listener.event((event) =>
      event.kind === 'camera' && event.camera.recording.kind === 'recording' ? event.camera : undefined,
    );
    expect(recorded).toMatchObject({ id: 'gate', main: { kind: 'streaming' }, sub: { kind: 'idle' } });
    listener.close();

    const back = new Listener(`?epoch=${epoch}&after=0`);
    const resumed = await back.first((message) => message);
    const first = await back.first((message) => (message.kind === 'event' ? message : undefined));
    expect([resumed, first.sequence]).toEqual([{ kind: 'resumed', epoch, sequence: 0 }, 1]);
    back.close();
  });

  it('plays the main and the sub stream as FLV over HTTP', async () => {
    for (const [stream, width] of [
      ['main', 1280],
      ['sub', 640],
    ] as const) {
      const file = join(folder.path, `${stream}.flv`);
      await writeFile(file, await readSome(enginePaths.liveFlv('gate', stream), 60_000));
      const [line] = await probe(file, ['-select_streams', 'v', '-show_entries', 'stream=codec_name,width']);
      expect(line).toBe(`h264,${width}`);
    }
    const { cameras } = EngineStatus.parse((await engine.ask(enginePaths.status, { token })).json());
    expect(cameras[0]?.main).toMatchObject({ viewers: 0, liveSound: { kind: expect.any(String) } });
  });

  it('plays as HLS for who has a ticket', async () => {
    const ordered = await engine.ask(enginePaths.hlsTickets('gate'), {
      method: 'POST',
      token,
      body: JSON.stringify({ stream: 'main' }),
    });
    const { path } = HlsTicket.parse(ordered.json());
    const file = join(folder.path, 'hls.mp4');
    const url = `https://127.0.0.1:${engine.port}${path}`;
    await run('ffmpeg', [...'-v error -y -i'.split(' '), url, ...'-c copy -t 4'.split(' '), file]);
    expect(await decodingComplaints(file)).toBe('');
    const [line] = await probe(file, [
      '-select_streams',
      'v',
      '-count_packets',
      '-show_entries',
      'stream=codec_name,width,nb_read_packets',
    ]);
    const [codec, width, pictures] = (line ?? '').split(',');
    expect([codec, width, Number(pictures) >= 45]).toEqual(['h264', '1280', true]);
    expect(engine.log).not.toContain(path.split('/')[2]);
  });

  it('gives a picture, live and recorded', async () => {
    const live = await engine.ask(enginePaths.snapshot('gate'), { token });
    // Of what is safely on the disk, which is some seconds behind.
    const segments = async () =>
      SegmentList.parse((await engine.ask(enginePaths.segments('gate'), { token })).json()).segments;
    await expect
      .poll(async () => (await segments()).at(-1)?.durationMs, { timeout: 10_000 })
      .toBeGreaterThan(1_000);
    const { startUtcMs = 0, durationMs = 0 } = (await segments()).at(-1) ?? {};
    const atUtcMs = Math.floor(startUtcMs + durationMs / 2);
    const recorded = await engine.ask(`${enginePaths.snapshot('gate')}?at=${atUtcMs}`, { token });
    for (const [name, answer] of Object.entries({ live, recorded })) {
      const file = join(folder.path, `${name}.jpg`);
      await writeFile(file, answer.body);
      const judged = await probe(file, ['-show_entries', 'stream=codec_name,width,height']);
      expect([name, answer.status, answer.headers['content-type'], judged]).toEqual([
        name,
        200,
        'image/jpeg',
        ['mjpeg,1280,720'],
      ]);
    }
  });

  it('tells of a camera that goes away: its state, and the gap', async () => {
    const listener = new Listener();
    await listener.snapshot();
    await camera.stop();
    const gone = await listener.event((event) =>
      event.kind === 'camera' && event.camera.main.kind === 'waiting' ? event.camera : undefined,
    );
    const gap = await listener.event((event) => (event.kind === 'gap-opened' ? event.gap : undefined));
    expect([gone.recording.kind, gap.cameraId, gap.evidence.kind]).toEqual([
      'waiting-for-stream',
      'gate',
      'interruption',
    ]);
    await configure({ cameras: [] });
    await listener.event((event) => (event.kind === 'camera-removed' ? event.id : undefined));
    listener.close();
    await camera.start();
  });
});
