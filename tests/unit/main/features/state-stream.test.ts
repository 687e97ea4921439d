import { expect, it } from 'vitest';
import { ChangeListeners } from '../../../../src/main/change-listeners.ts';
import { watchState } from '../../../../src/main/features/state-stream.ts';

interface Source {
  readonly set: (value: number) => void;
  readonly stream: AsyncGenerator<number, void>;
  readonly abort: () => void;
}

function source(): Source {
  const listeners = new ChangeListeners();
  const controller = new AbortController();
  let state = 0;
  return {
    set: (value) => {
      state = value;
      listeners.announce();
    },
    stream: watchState(
      { read: () => state, onChange: (listener) => listeners.add(listener) },
      controller.signal,
    ),
    abort: () => controller.abort(),
  };
}

it('tells the state now, then only the newest of the changes in between', async () => {
  const { set, stream } = source();
  expect(await stream.next()).toEqual({ value: 0, done: false });
  set(1);
  set(2);
  expect(await stream.next()).toEqual({ value: 2, done: false });
  const next = stream.next();
  set(3);
  expect(await next).toEqual({ value: 3, done: false });
});

it('ends with the signal, also in the middle of waiting', async () => {
  const { stream, abort } = source();
  await stream.next();
  const next = stream.next();
  abort();
  expect(await next).toEqual({ value: undefined, done: true });
});
