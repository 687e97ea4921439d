import { expect, test } from 'vitest';
import { createHandshakeQueue } from '../../../../src/renderer/player/handshake-queue.ts';

/** Lets everything that is ready to go on do so. */
const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('lets only so many in, the rest in their order', async () => {
  const queue = createHandshakeQueue(2);
  const { signal } = new AbortController();
  const inside: string[] = [];
  const ends = new Map<string, () => void>();
  for (const name of ['a', 'b', 'c', 'd']) {
    void (async () => {
      const end = await queue.enter(signal);
      inside.push(name);
      if (end !== undefined) ends.set(name, end);
    })();
  }
  await settled();
  expect(inside).toEqual(['a', 'b']);
  ends.get('b')?.();
  ends.get('b')?.();
  await settled();
  expect(inside).toEqual(['a', 'b', 'c']);
  ends.get('a')?.();
  await settled();
  expect(inside).toEqual(['a', 'b', 'c', 'd']);
});

test('one that gives up while waiting takes no turn', async () => {
  const queue = createHandshakeQueue(1);
  const { signal } = new AbortController();
  const end = await queue.enter(signal);
  const impatient = new AbortController();
  const gaveUp = queue.enter(impatient.signal);
  const next = queue.enter(signal);
  impatient.abort();
  expect(await gaveUp).toBeUndefined();
  expect(await queue.enter(impatient.signal)).toBeUndefined();
  end?.();
  expect(await next).toBeTypeOf('function');
});
