/**
 * Cameras that do harm, in a process of their own: dead ones, silent ones that take connections and never say a word, and
 * flapping ones that come and go. Prints one JSON line each (`TroubledCamera`) and runs until its standard input ends.
 */

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { addressAfter, createSimCameras } from '../../src/sim/site/cameras.ts';
import type { SimCamera } from '../../src/sim/camera/camera.ts';
import { mulberry32 } from '../unit/engine/recording/synthetic-stream.ts';
import type { TroubledCamera } from './soak.ts';

const { values } = parseArgs({
  options: {
    dead: { type: 'string', default: '5' },
    silent: { type: 'string', default: '5' },
    flapping: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
  },
});
const credentials = { username: 'bench', password: 'bench-camera' };
const first = { dead: '127.20.120.1', silent: '127.20.121.1', flapping: '127.20.122.1' } as const;
const upMs = { least: 3_000, most: 20_000 };
const downMs = { least: 500, most: 8_000 };
const random = mulberry32(Number(values.seed));
const stopping = new AbortController();

/** Where nothing listens. */
for (let index = 0; index < Number(values.dead); index += 1) {
  announce('dead', addressOf('dead', index, 8554));
}

const servers: Server[] = [];
const sockets = new Set<Socket>();
for (let index = 0; index < Number(values.silent); index += 1) {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
  });
  server.listen(8554, addressAfter(first.silent, index));
  await once(server, 'listening');
  servers.push(server);
  announce('silent', addressOf('silent', index, 8554));
}

const count = Number(values.flapping);
const flapping =
  count === 0 ? [] : await createSimCameras({ count, seed: 2, firstAddress: first.flapping, ...credentials });
await Promise.all(flapping.map((camera) => camera.start()));
for (const { info } of flapping) announce('flapping', { mainUrl: info.mainUrl, subUrl: info.subUrl });
const flaps = flapping.map((camera) => flap(camera));

process.stdin.resume();
await once(process.stdin, 'end');
stopping.abort();
await Promise.all(flaps);
await Promise.all(flapping.map((camera) => camera.stop()));
for (const socket of sockets) socket.destroy();
for (const server of servers) server.close();

/** One fault after the other, with some time in between. */
async function flap(camera: SimCamera): Promise<void> {
  const faults = [
    () => camera.faults.drop(),
    () => camera.faults.stall(),
    () => camera.faults.garbage(),
    () => camera.faults.rejectCredentials(),
    () => camera.faults.reboot(between(downMs)),
  ];
  while (await waited(between(upMs))) {
    await faults[Math.floor(random() * faults.length)]?.();
    if (!(await waited(between(downMs)))) return;
    await camera.faults.clear();
  }
}

function between({ least, most }: { readonly least: number; readonly most: number }): number {
  return least + (most - least) * random();
}

/** Whether it goes on. */
async function waited(ms: number): Promise<boolean> {
  await delay(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  return !stopping.signal.aborted;
}

function addressOf(
  kind: keyof typeof first,
  index: number,
  port: number,
): { readonly mainUrl: string; readonly subUrl: string } {
  const base = `rtsp://${addressAfter(first[kind], index)}:${port}`;
  return { mainUrl: `${base}/main`, subUrl: `${base}/sub` };
}

function announce(
  trouble: TroubledCamera['trouble'],
  urls: { readonly mainUrl: string; readonly subUrl: string },
): void {
  const line: TroubledCamera = { trouble, ...urls, ...credentials };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
