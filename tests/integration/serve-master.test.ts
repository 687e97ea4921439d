/** A master with real slaves, each an engine of its own: their cameras at the master's address. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { createStreamIngest, rtspSource } from '../../src/engine/ingest/index.ts';
import { SlabPool } from '../../src/engine/media/slab-pool.ts';
import { selfSignedCertificatePem } from '../../src/engine/platform/certificate.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { HlsTicket, enginePaths, liveCloseCodes } from '../../src/shared/engine-api/index.ts';
import type { EngineStatus, MasterUpdate, StreamState } from '../../src/shared/engine-api/index.ts';
import { generateKeyPairSync } from 'node:crypto';
import { startAdministeredEngine } from '../support/administered-engine.ts';
import type { AdministeredEngine } from '../support/administered-engine.ts';
import { ffmpegMissing } from '../support/media-probe.ts';
import { runEngineCommand, temporaryFolder } from './engine-process.ts';
import { WaitingSubscriber } from './ingest-subscriber.ts';
import { MemoryLog } from './memory-log.ts';
import { LiveWatcher, freePort } from './serve-fixture.ts';
import { credentials, decode, startCamera } from './sim-camera-fixture.ts';

const missing = ffmpegMissing();
const inWords = missing === undefined ? '' : ` (skipped: ${missing})`;
const account = { username: 'wall', password: 'p:l@y %1' };
const SWITCH_LIMIT_MS = 3_000;
const FRAMES_A_GROUP = 30;
const mainSize = { width: 1280, height: 720 };
const subSize = { width: 640, height: 360 };

type Slaves = z.input<typeof MasterUpdate>['slaves'];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let camera: Awaited<ReturnType<typeof startCamera>>;
let master: AdministeredEngine;
let rtspPort: number;
let rtmpPort: number;
const slaves: AdministeredEngine[] = [];

function slave(index: number): AdministeredEngine {
  const found = slaves[index];
  if (found === undefined) throw new Error(`There is no slave ${index}.`);
  return found;
}

async function startSlave(name: string): Promise<AdministeredEngine> {
  const engine = await startAdministeredEngine(join(folder.path, name));
  const { mainUrl, subUrl } = camera.camera.info;
  await engine.configure([
    { id: 'gate', name: 'Gate', main: mainUrl, sub: subUrl, credentials, record: false },
  ]);
  return engine;
}

function slaveEntry(id: string, engine: AdministeredEngine): Slaves[number] {
  const { port, certificatePin, token } = engine.process.enrol('peer');
  return { id, address: `127.0.0.1:${port}`, certificatePin, scope: 'peer', token };
}

/** Tells the master who the slaves are and whose the camera is. */
async function relayFrom(entries: Slaves, slaveId: string): Promise<void> {
  await master.update({
    master: { slaves: entries, cameras: [{ id: 'gate', name: 'Gate', slaveId }] },
  });
}

/** A player over RTSP that does not come back by itself without a trace: our own client. */
function playOverRtsp(): AsyncDisposable & { readonly subscriber: WaitingSubscriber } {
  const subscriber = new WaitingSubscriber();
  const clock = createSystemClock();
  const log = new MemoryLog();
  const slabPool = new SlabPool({ maximumIdleBytes: 1024 ** 2 });
  const url = `rtsp://127.0.0.1:${rtspPort}/gate/main`;
  const openSource = rtspSource({ slabPool, url, credentials: account, clock, log });
  const ingest = createStreamIngest({ openSource, clock, log });
  ingest.subscribe(subscriber);
  ingest.start();
  return { subscriber, [Symbol.asyncDispose]: () => ingest.stop() };
}

function mainState(status: EngineStatus): StreamState {
  const found = status.cameras.find(({ id }) => id === 'gate');
  if (found === undefined) throw new Error('The master does not know the camera.');
  return found.main.state;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  camera = await startCamera();
  slaves.push(await startSlave('slave-1'), await startSlave('slave-2'));
  master = await startAdministeredEngine(join(folder.path, 'master'));
  rtspPort = await freePort();
  rtmpPort = await freePort();
  await master.update({
    serve: {
      rtsp: { enabled: true, port: rtspPort, host: '127.0.0.1' },
      rtmp: { enabled: true, port: rtmpPort, host: '127.0.0.1' },
      hls: { enabled: true },
      accounts: [account],
    },
  });
});

afterAll(async () => {
  await master[Symbol.asyncDispose]();
  await Promise.all(slaves.map((engine) => engine[Symbol.asyncDispose]()));
  await camera[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

describe('a master', () => {
  it('asks a slave for a camera when somebody watches, and records nothing', async () => {
    await relayFrom([slaveEntry('rec-1', slave(0))], 'rec-1');
    expect(mainState(await master.status())).toEqual({ kind: 'idle' });
    const watcher = new LiveWatcher({ engine: master.process, cameraId: 'gate', stream: 'main' });
    await watcher.until(() => watcher.pictures.length > FRAMES_A_GROUP);
    const [first] = watcher.pictures;
    const [atMaster, atSlave] = [await master.status(), await slave(0).status()];
    expect({
      startsWithKey: first?.isKey,
      recording: atMaster.cameras[0]?.recording,
      size: [atMaster.cameras[0]?.main.width, atMaster.cameras[0]?.main.height],
      audio: atMaster.cameras[0]?.main.audioCodec,
      viewers: [atMaster.cameras[0]?.main.viewers, atSlave.cameras[0]?.main.viewers],
    }).toEqual({
      startsWithKey: true,
      recording: { kind: 'off' },
      size: [mainSize.width, mainSize.height],
      audio: 'mp4a.40.2',
      viewers: [1, 1],
    });
    await watcher.close();
    // The slave is let go after a while.
    await master.until((status) => mainState(status).kind === 'idle', 15_000);
    await slave(0).until(({ cameras }) => cameras[0]?.main.viewers === 0, 5_000);
  });

  it.skipIf(missing !== undefined)(`brings over every picture, to RTSP players too${inWords}`, async () => {
    await relayFrom([slaveEntry('rec-1', slave(0))], 'rec-1');
    const url = `rtsp://${account.username}:${encodeURIComponent(account.password)}@127.0.0.1:${rtspPort}/gate/sub`;
    const { barcodes, complaints } = await decode(['-rtsp_transport', 'tcp', '-i', url], subSize, 75);
    expect({ complaints, gaps: gapsIn(barcodes) }).toEqual({ complaints: '', gaps: [] });
    expect(barcodes).toHaveLength(75);
  });

  it.skipIf(missing !== undefined)(`plays it over RTMP and as HLS${inWords}`, async () => {
    await relayFrom([slaveEntry('rec-1', slave(0))], 'rec-1');
    const login = `user=${account.username}&password=${encodeURIComponent(account.password)}`;
    const rtmp = `rtmp://127.0.0.1:${rtmpPort}/live/gate/sub?${login}`;
    const { token } = master.process.enrol('view');
    const body = JSON.stringify({ stream: 'sub' });
    const order = await master.process.ask(enginePaths.hlsTickets('gate'), { method: 'POST', token, body });
    const { path } = HlsTicket.parse(order.json());
    for (const input of [
      ['-f', 'live_flv', '-i', rtmp],
      ['-i', `https://127.0.0.1:${master.process.port}${path}`],
    ]) {
      // Players that join in the middle make times of their own.
      const { barcodes } = await decode(input, subSize, 30);
      expect({ count: barcodes.length, gaps: gapsIn(barcodes) }).toEqual({ count: 30, gaps: [] });
    }
  });

  it.each(['that is alive', 'that was killed'])(
    'moves a camera away from a slave %s, and viewers stay',
    async (what) => {
      const entries = [slaveEntry('rec-1', slave(0)), slaveEntry('rec-2', slave(1))];
      await relayFrom(entries, 'rec-1');
      const watcher = new LiveWatcher({ engine: master.process, cameraId: 'gate', stream: 'main' });
      await watcher.until(() => watcher.pictures.length > FRAMES_A_GROUP);
      await using player = playOverRtsp();
      await player.subscriber.until(() => player.subscriber.video.length > FRAMES_A_GROUP);
      if (what === 'that was killed') {
        await slave(0).process.end('SIGKILL');
        await master.until((status) => mainState(status).kind === 'waiting', 10_000);
      }
      const toldMs = performance.now();
      await relayFrom(entries, 'rec-2');
      await watcher.until(() => watcher.pictures.some(({ arrivalMs }) => arrivalMs > toldMs + 500));
      await slave(1).until(({ cameras }) => cameras[0]?.main.viewers === 1, 5_000);
      const switched = watcher.pictures.findIndex(
        ({ arrivalMs, isKey }, index) => isKey && arrivalMs > toldMs && index > FRAMES_A_GROUP,
      );
      await watcher.until(() => watcher.pictures.length > switched + 2 * FRAMES_A_GROUP);
      const seen = player.subscriber.video.length;
      await player.subscriber.until(() => player.subscriber.video.length > seen + FRAMES_A_GROUP);
      expect(player.subscriber.interruptions).toEqual([]);
      const { pictures, closeCodes, bytes } = watcher;
      const waits = pictures.slice(1).map(({ arrivalMs }, index) => {
        const before = pictures[index];
        return arrivalMs - Math.max(before?.arrivalMs ?? arrivalMs, toldMs);
      });
      expect({
        closeCodes,
        isContinuous: pictures.every(
          ({ timestampMs }, index) =>
            index === 0 || timestampMs > (pictures[index - 1]?.timestampMs ?? Infinity),
        ),
        isWithinLimit: Math.max(...waits) < SWITCH_LIMIT_MS,
      }).toEqual({ closeCodes: [], isContinuous: true, isWithinLimit: true });
      await watcher.close();
      if (missing !== undefined) return;
      const file = join(folder.path, 'moved.flv');
      await writeFile(file, bytes);
      const { barcodes, complaints } = await decode(['-r', '15', '-i', file], mainSize, pictures.length);
      // One step, at the switch; everything else follows the picture before.
      expect({ complaints, steps: gapsIn(barcodes).length <= 1 }).toEqual({ complaints: '', steps: true });
      expect(barcodes.length).toBeGreaterThanOrEqual(pictures.length - 1);
    },
  );

  it('names a slave that is dead, and tries it again', async () => {
    const port = await freePort();
    const entry = slaveEntry('rec-3', slave(1));
    await relayFrom([{ ...entry, address: `127.0.0.1:${port}` }], 'rec-3');
    const watcher = new LiveWatcher({ engine: master.process, cameraId: 'gate', stream: 'main' });
    const status = await master.until((present) => mainState(present).kind === 'waiting', 10_000);
    expect(mainState(status)).toEqual({
      kind: 'waiting',
      reason: 'refused',
      detail: 'Slave rec-3 cannot be reached (ECONNREFUSED).',
      sinceUtcMs: expect.any(Number),
      outageSinceUtcMs: expect.any(Number),
      retryAtUtcMs: expect.any(Number),
    });
    expect(status.master).toEqual({
      slaves: [
        {
          id: 'rec-3',
          state: {
            kind: 'failing',
            reason: 'refused',
            detail: 'Slave rec-3 cannot be reached (ECONNREFUSED).',
            sinceUtcMs: expect.any(Number),
          },
          streams: 0,
        },
      ],
    });
    await watcher.close();
  });

  it('names a slave that does not have the camera', async () => {
    await slave(1).configure([]);
    await relayFrom([slaveEntry('rec-2', slave(1))], 'rec-2');
    const watcher = new LiveWatcher({ engine: master.process, cameraId: 'gate', stream: 'main' });
    const status = await master.until((present) => mainState(present).kind === 'waiting', 10_000);
    expect(mainState(status)).toMatchObject({
      reason: 'unreachable',
      detail: 'Slave rec-2 does not have main of gate.',
    });
    await watcher.close();
  });

  it('says when a slave refuses its token, and when it has none', async () => {
    const entry = slaveEntry('rec-2', slave(1));
    await relayFrom([entry], 'rec-2');
    const known = runEngineCommand(['enrol', '--dir', slave(1).process.directory, '--scope', 'metrics']);
    const { token: tooWeak }: { token: string } = JSON.parse(known.stdout);
    await relayFrom([{ ...entry, token: tooWeak }], 'rec-2');
    const watcher = new LiveWatcher({ engine: master.process, cameraId: 'gate', stream: 'main' });
    const refused = await master.until((present) => mainState(present).kind === 'waiting', 10_000);
    await relayFrom([{ ...entry, token: null }], 'rec-2');
    const without = await master.until((present) => {
      const state = mainState(present);
      return state.kind === 'waiting' && state.detail.includes('no token');
    }, 10_000);
    expect([mainState(refused), mainState(without)]).toMatchObject([
      { reason: 'refused-credentials', detail: expect.stringContaining('Slave rec-2 refuses the token.') },
      { reason: 'refused-credentials', detail: expect.stringContaining('no token for slave rec-2') },
    ]);
    await watcher.close();
    expect(master.process.log).not.toContain(tooWeak);
  });

  it('sends its token to nobody who does not hold the pinned key', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const received: Buffer[] = [];
    const impostor = createTlsServer(
      {
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
        cert: selfSignedCertificatePem(privateKey, Date.now()),
      },
      (socket) => {
        socket.on('data', (bytes) => received.push(bytes));
        socket.on('error', () => undefined);
      },
    );
    impostor.listen(0, '127.0.0.1');
    await once(impostor, 'listening');
    const { port } = addressOf(impostor.address());
    await relayFrom([{ ...slaveEntry('rec-2', slave(1)), address: `127.0.0.1:${port}` }], 'rec-2');
    const watcher = new LiveWatcher({ engine: master.process, cameraId: 'gate', stream: 'main' });
    const status = await master.until((present) => mainState(present).kind === 'waiting', 10_000);
    expect(mainState(status)).toMatchObject({ reason: 'changed-identity' });
    expect(received).toEqual([]);
    await watcher.close();
    impostor.close();
  });

  it('ends the viewers of a camera that it does not relay any more', async () => {
    await slave(1).configure([
      { id: 'gate', name: 'Gate', main: camera.camera.info.mainUrl, credentials, record: false },
    ]);
    await relayFrom([slaveEntry('rec-2', slave(1))], 'rec-2');
    const watcher = new LiveWatcher({ engine: master.process, cameraId: 'gate', stream: 'main' });
    await watcher.until(() => watcher.pictures.length > 0);
    await master.update({ master: { slaves: [], cameras: [] } });
    await watcher.until(() => watcher.closeCodes.length > 0);
    expect(watcher.closeCodes).toEqual([liveCloseCodes.streamEnded]);
  });
});

/** Where a picture does not follow the one before; the clip has 300 and begins again. */
function gapsIn(
  barcodes: readonly (number | undefined)[],
): readonly (readonly [number | undefined, number | undefined])[] {
  return barcodes.flatMap((barcode, index) => {
    const before = barcodes[index - 1];
    const follows = index === 0 || (before !== undefined && barcode === (before + 1) % 300);
    return follows ? [] : [[before, barcode] as const];
  });
}

function addressOf(address: string | AddressInfo | null): AddressInfo {
  if (typeof address !== 'object' || address === null) throw new Error('The server does not listen.');
  return address;
}
