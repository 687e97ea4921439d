import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { receiveInPlace } from '../../src/engine/platform/static-receive.ts';

it('reads an accepted connection into one buffer, which can be paused, answered and closed like any other', async () => {
  const buffers = new Set<Buffer>();
  const received = Promise.withResolvers<string>();
  const taken = Promise.withResolvers<Socket>();
  let text = '';
  const server = createServer((accepted) => {
    const socket = receiveInPlace(accepted, (bytes, length) => {
      buffers.add(bytes);
      text += bytes.toString('latin1', 0, length);
      socket.write(`${length};`);
      if (text.endsWith('end')) received.resolve(text);
    });
    taken.resolve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const client = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
  client.write('first ');
  const socket = await taken.promise;
  await once(client, 'data');
  socket.pause();
  client.write('second ');
  socket.resume();
  await once(client, 'data');
  client.write('end');
  expect({ text: await received.promise, buffers: buffers.size, address: socket.remoteAddress }).toEqual({
    text: 'first second end',
    buffers: 1,
    address: '127.0.0.1',
  });

  const closed = once(socket, 'close');
  client.resume().end();
  await closed;
  // Resolves only when the server knows of no connection any more.
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
});
