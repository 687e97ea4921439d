import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  ConfigView,
  EngineStatus,
  SegmentList,
  enginePaths,
  liveCloseCodes,
} from '../../src/shared/engine-api/index.ts';
import type {
  CameraConfig,
  EngineCameraStatus,
  SegmentInfo,
  StreamName,
} from '../../src/shared/engine-api/index.ts';
import type { SimCamera } from '../../src/sim/camera/camera.ts';
import { createSimCameras } from '../../src/sim/site/cameras.ts';
import { EngineProcess, runEngineCommand, temporaryFolder } from './engine-process.ts';

const credentials = { username: 'admin', password: 'camera %secret' };
/** Simulated cameras send 15 frames a second. */
const FRAMES_A_SECOND = 15;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let cameras: readonly SimCamera[];
let engine: EngineProcess;
let token: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  const places = ['127.31.0.1', '127.31.0.2'];
  const made = places.map((firstAddress, index) =>
    createSimCameras({
      count: 1,
      seed: index + 1,
      firstAddress,
      ports: { http: 0, rtsp: 0 },
      ...credentials,
    }),
  );
  cameras = (await Promise.all(made)).flat();
  await Promise.all(cameras.map((camera) => camera.start()));
  engine = await EngineProcess.start(join(folder.path, 'engine'));
  ({ token } = engine.enrol('admin'));
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await Promise.all(cameras.map((camera) => camera.stop()));
  await folder[Symbol.asyncDispose]();
});

function cameraConfig(id: string, camera: SimCamera | undefined): CameraConfig {
  if (camera === undefined) throw new Error('There is no such simulated camera.');
  return {
    id,
    name: camera.info.identity.name,
    main: camera.info.mainUrl,
    sub: camera.info.subUrl,
    credentials,
    record: true,
  };
}

/** Replaces the configuration, whatever its version. */
async function configure(configs: readonly CameraConfig[]): Promise<void> {
  const current = ConfigView.parse((await engine.ask(enginePaths.config, { token })).json());
  const body = JSON.stringify({ version: current.version, cameras: configs });
  expect((await engine.ask(enginePaths.config, { method: 'PUT', token, body })).status).toBe(200);
}

async function cameraStatus(id: string): Promise<EngineCameraStatus> {
  const status = EngineStatus.parse((await engine.ask(enginePaths.status, { token })).json());
  const found = status.cameras.find((camera) => camera.id === id);
  if (found === undefined) throw new Error(`The engine has no camera ${id}.`);
  return found;
}

async function segments(id: string): Promise<readonly SegmentInfo[]> {
  return SegmentList.parse((await engine.ask(enginePaths.segments(id), { token })).json()).segments;
}

/** A viewer that keeps what it gets. */
class Viewer {
  readonly messages: Buffer[] = [];
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;

  constructor(cameraId: string, stream: StreamName) {
    this.#socket = new WebSocket(`wss://127.0.0.1:${engine.port}${enginePaths.live(cameraId, stream)}`, {
      rejectUnauthorized: false,
      headers: { authorization: `Bearer ${token}` },
    });
    this.#socket.binaryType = 'nodebuffer';
    this.#socket.on('message', (message: Buffer) => this.messages.push(message));
    this.closed = new Promise((resolve) => this.#socket.on('close', resolve));
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  async collect(count: number): Promise<Buffer> {
    while (this.messages.length < count) await once(this.#socket, 'message');
    return Buffer.concat(this.messages);
  }

  close(): void {
    this.#socket.close();
  }
}

/** What ffprobe, which is not ours, finds in a file: decoded frames, and complaints of the decoder. */
async function judge(
  name: string,
  bytes: Buffer,
): Promise<{ codec: string; width: number; frames: number; complaints: string }> {
  const file = join(folder.path, name);
  await writeFile(file, bytes);
  const entries = 'stream=codec_name,width,nb_read_frames';
  const args = [
    '-v',
    'error',
    '-select_streams',
    'v',
    '-count_frames',
    '-show_entries',
    entries,
    '-of',
    'csv=p=0',
    file,
  ];
  const [codec = '', width, frames] = execFileSync('ffprobe', args, { encoding: 'utf8' }).trim().split(',');
  const complaints = execFileSync('ffmpeg', ['-v', 'error', '-i', file, '-f', 'null', '-'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { codec, width: Number(width), frames: Number(frames), complaints };
}

describe('a camera', () => {
  it('is recorded, and shown to whoever asks, in both streams', async () => {
    await configure([cameraConfig('gate', cameras[0])]);
    await expect
      .poll(async () => (await cameraStatus('gate')).recording.kind, { timeout: 10_000 })
      .toBe('recording');
    expect((await cameraStatus('gate')).sub?.state).toEqual({ kind: 'idle' });

    const main = new Viewer('gate', 'main');
    const sub = new Viewer('gate', 'sub');
    const [mainBytes, subBytes] = await Promise.all([main.collect(80), sub.collect(80)]);
    const watched = await cameraStatus('gate');
    expect({
      main: [watched.main.state.kind, watched.main.viewers, watched.main.width, watched.main.height],
      sub: [watched.sub?.state.kind, watched.sub?.viewers, watched.sub?.width, watched.sub?.height],
      lost: watched.main.framesLost,
    }).toEqual({ main: ['streaming', 1, 1280, 720], sub: ['streaming', 1, 640, 360], lost: 0 });

    const [mainVideo, subVideo] = [await judge('main.flv', mainBytes), await judge('sub.flv', subBytes)];
    expect([mainVideo, subVideo]).toEqual([
      { codec: 'h264', width: 1280, frames: expect.any(Number), complaints: '' },
      { codec: 'h264', width: 640, frames: expect.any(Number), complaints: '' },
    ]);
    expect(Math.min(mainVideo.frames, subVideo.frames)).toBeGreaterThan(FRAMES_A_SECOND);

    main.close();
    sub.close();
    await expect.poll(async () => (await cameraStatus('gate')).main.viewers, { timeout: 5_000 }).toBe(0);
    // The sub stream lingers for those who come back, then rests; the recorded one stays.
    expect((await cameraStatus('gate')).sub?.state.kind).toBe('streaming');
    await expect
      .poll(async () => (await cameraStatus('gate')).sub?.state.kind, { timeout: 15_000 })
      .toBe('idle');
    expect((await cameraStatus('gate')).main.state.kind).toBe('streaming');
  });

  it('has its footage fetched whole and in ranges while it is being written', async () => {
    const [segment] = await segments('gate');
    if (segment === undefined) throw new Error('Nothing was recorded.');
    const path = enginePaths.segment('gate', segment.id);
    const whole = await engine.ask(path, { token });
    const middle = await engine.ask(path, { token, headers: { range: 'bytes=100-299' } });
    const behind = await engine.ask(path, { token, headers: { range: 'bytes=999999999-' } });
    expect([whole.status, middle.status, behind.status]).toEqual([200, 206, 416]);
    expect(whole.body.length).toBeGreaterThanOrEqual(segment.byteLength);
    expect({ type: whole.headers['content-type'], range: middle.headers['content-range'] }).toEqual({
      type: 'video/mp4',
      range: expect.stringMatching(/^bytes 100-299\/\d+$/),
    });
    expect(middle.body.equals(whole.body.subarray(100, 300))).toBe(true);
    const video = await judge('segment.mp4', whole.body);
    expect(video).toEqual({ codec: 'h264', width: 1280, frames: expect.any(Number), complaints: '' });
    expect(video.frames).toBeGreaterThanOrEqual(segment.frameCount);
  });
});

describe('a change of the configuration', () => {
  it('does not disturb a camera that stays as it is', async () => {
    const viewer = new Viewer('gate', 'main');
    await viewer.collect(5);
    const before = await cameraStatus('gate');
    const gate = { ...cameraConfig('gate', cameras[0]), name: 'Another name' };
    await configure([gate, cameraConfig('dock', cameras[1])]);
    await expect
      .poll(async () => (await cameraStatus('dock')).recording.kind, { timeout: 10_000 })
      .toBe('recording');
    await configure([gate, { ...cameraConfig('dock', cameras[1]), record: false }]);
    await expect
      .poll(async () => (await cameraStatus('dock')).recording.kind, { timeout: 10_000 })
      .toBe('off');
    const after = await cameraStatus('gate');
    expect({ ...after.main.state, recording: after.recording, reconnects: after.main.reconnects }).toEqual({
      ...before.main.state,
      recording: before.recording,
      reconnects: 0,
    });
    await viewer.collect(viewer.messages.length + FRAMES_A_SECOND);
    expect({ isOpen: viewer.isOpen, lost: after.main.framesLost }).toEqual({ isOpen: true, lost: 0 });
    viewer.close();
  });

  it('finishes the footage of a camera whose recording ends', async () => {
    await expect.poll(async () => (await segments('dock')).map(({ state }) => state)).toEqual(['finished']);
  });

  it('ends the viewers of a camera that is removed, and keeps its footage', async () => {
    const viewer = new Viewer('dock', 'main');
    await viewer.collect(5);
    await configure([cameraConfig('gate', cameras[0])]);
    expect(await viewer.closed).toBe(liveCloseCodes.streamEnded);
    expect(await segments('dock')).toHaveLength(1);
  });

  it('names a wrong password as such, and says it nowhere', async () => {
    const wrong = {
      ...cameraConfig('dock', cameras[1]),
      credentials: { username: 'admin', password: 'not-this-one' },
    };
    await configure([cameraConfig('gate', cameras[0]), wrong]);
    await expect
      .poll(async () => (await cameraStatus('dock')).main.state, { timeout: 10_000 })
      .toMatchObject({ kind: 'waiting', reason: 'refused-credentials' });
    expect(engine.log).not.toContain('not-this-one');
    expect(engine.log).not.toContain(credentials.password);
  });
});

describe('a full disk', () => {
  /** More than any disk has: the volume is full from the start. */
  const args = ['--reserve-mb', '999999999'];

  it('halts recording and says why, while viewers go on', async () => {
    const former = engine;
    const formerToken = token;
    await using full = await EngineProcess.start(join(folder.path, 'full'), { args });
    try {
      engine = full;
      ({ token } = full.enrol('admin'));
      await configure([cameraConfig('gate', cameras[0])]);
      const viewer = new Viewer('gate', 'main');
      await viewer.collect(20);
      await expect
        .poll(async () => (await cameraStatus('gate')).recording, { timeout: 5_000 })
        .toEqual({
          kind: 'halted',
          reason: 'disk-full',
          detail: expect.stringContaining('free'),
          sinceUtcMs: expect.any(Number),
        });
      const status = EngineStatus.parse((await full.ask(enginePaths.status, { token })).json());
      expect({
        health: (await full.ask(enginePaths.health)).status,
        volumes: status.volumes.map(({ state }) => state.kind),
        main: status.cameras[0]?.main.state.kind,
        command: runEngineCommand(['health', '--dir', full.directory]),
      }).toEqual({
        health: 503,
        volumes: ['full'],
        main: 'streaming',
        command: {
          exitCode: 1,
          stdout: '',
          stderr: `The engine of ${full.directory} runs but cannot record; its log and status say why.\n`,
        },
      });
    } finally {
      engine = former;
      token = formerToken;
    }
  });
});

describe('a stop', () => {
  it('ends viewers, finishes footage and is done within 5 s, also with a camera that never answers', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const accepted = once(silent, 'connection');
    const mute = { id: 'mute', name: 'Mute', main: `rtsp://127.0.0.1:${port}/`, record: true };
    await configure([cameraConfig('gate', cameras[0]), mute]);
    await accepted;
    const viewer = new Viewer('gate', 'main');
    await viewer.collect(5);

    const started = performance.now();
    expect(await engine.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await viewer.closed).toBe(liveCloseCodes.shuttingDown);
    silent.close();

    engine = await EngineProcess.start(engine.directory);
    const gate = await segments('gate');
    expect(gate.slice(0, -1).map(({ state }) => state)).toEqual(gate.slice(0, -1).map(() => 'finished'));
    expect(gate[0]?.state).toBe('finished');
    const [first] = gate;
    const file = await engine.ask(enginePaths.segment('gate', first?.id ?? 0), { token });
    expect(await judge('finished.mp4', file.body)).toEqual({
      codec: 'h264',
      width: 1280,
      frames: first?.frameCount,
      complaints: '',
    });
  });
});
