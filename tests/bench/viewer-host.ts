/**
 * Viewers of an engine's live streams, in a process of their own. Reads `Order` as a line of JSON on standard input, prints `ready`
 * when all of them have got pictures, and `Report` as JSON when its input ends.
 */

import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { z } from 'zod';

const Order = z.object({ urls: z.array(z.string()), token: z.string() });

const lines = createInterface({ input: process.stdin });
const { value: first } = await lines[Symbol.asyncIterator]().next();
const order = Order.parse(JSON.parse(String(first)));
let bytes = 0;
let closed = 0;
await Promise.all(order.urls.map((url) => view(url)));
process.stdout.write('ready\n');
process.stdin.resume();
process.stdin.once('end', () => {
  process.stdout.write(`${JSON.stringify({ viewers: order.urls.length, bytes, closed })}\n`, () =>
    process.exit(0),
  );
});

function view(url: string): Promise<void> {
  // The engine's certificate is its own; whoever measures has just started it on this machine.
  const socket = new WebSocket(url, {
    rejectUnauthorized: false,
    perMessageDeflate: false,
    headers: { authorization: `Bearer ${order.token}` },
  });
  socket.on('close', () => {
    closed += 1;
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data: Buffer) => {
      bytes += data.byteLength;
      resolve();
    });
  });
}
