/**
 * The floor under what recording can cost: reads the cameras' sockets and appends the raw bytes to a file each, through the page
 * cache, one write a second and `fdatasync` every 2 s. Nothing is parsed, nothing indexed. Reads the cameras (JSON) on standard
 * input, prints `ready` when all of them send, and runs until its input ends.
 */

import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { HostedCamera } from './cameras.ts';
import { Dialogue } from './rtsp-dialogue.ts';

const Order = z.object({ directory: z.string(), cameras: z.array(HostedCamera) });
/** As much as a camera of 8 Mbit/s sends in a second. */
const gatheredBytes = 1024 * 1024;
const receiveBytes = 64 * 1024;
const writePeriodMs = 1000;
const syncPeriodMs = 2000;
const keepalivePeriodMs = 20_000;

const lines = createInterface({ input: process.stdin });
const { value: first } = await lines[Symbol.asyncIterator]().next();
const order = Order.parse(JSON.parse(String(first)));
await Promise.all(order.cameras.map((camera, index) => record(camera, index)));
process.stdout.write('ready\n');
process.stdin.resume();
process.stdin.once('end', () => process.exit(0));

/** Resolves with the first bytes after PLAY; appends from then on. */
async function record(camera: HostedCamera, index: number): Promise<void> {
  const file = await open(join(order.directory, `${index}.rtp`), 'w');
  let gathered = Buffer.allocUnsafeSlow(gatheredBytes);
  let spare = Buffer.allocUnsafeSlow(gatheredBytes);
  let length = 0;
  const write = async (): Promise<void> => {
    if (length === 0) return;
    const full = gathered.subarray(0, length);
    [gathered, spare] = [spare, gathered];
    length = 0;
    await file.write(full);
  };
  const { promise: playing, resolve } = Promise.withResolvers<void>();
  const dialogue = new Dialogue(camera);
  const socket: Socket = connect({
    host: new URL(camera.mainUrl).hostname,
    port: Number(new URL(camera.mainUrl).port),
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafeSlow(receiveBytes),
      callback: (count, bytes) => {
        if (dialogue.isPlaying) {
          if (length + count > gatheredBytes) void write();
          gathered.set(bytes.subarray(0, count), length);
          length += count;
          return true;
        }
        const next = dialogue.answer(Buffer.from(bytes.subarray(0, count)).toString('latin1'));
        if (next !== undefined) socket.write(next);
        if (dialogue.isPlaying) resolve();
        return true;
      },
    },
  });
  socket.once('connect', () => socket.write(dialogue.request('DESCRIBE', camera.mainUrl)));
  await playing;
  // Spread over the second, as the engine's are.
  setTimeout(() => {
    setInterval(() => void write(), writePeriodMs);
    setInterval(() => void file.datasync(), syncPeriodMs);
    setInterval(() => socket.write(dialogue.keepalive()), keepalivePeriodMs);
  }, Math.random() * writePeriodMs);
}
