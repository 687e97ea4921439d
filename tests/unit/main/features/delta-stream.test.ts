import { describe, expect, it } from 'vitest';
import { ChangedKeys, watchChangedKeys } from '../../../../src/main/features/delta-stream.ts';

describe('watchChangedKeys', () => {
  it('gathers keys from the call on, each once, and hands them over in turns', async () => {
    const changed = new ChangedKeys<string>();
    const controller = new AbortController();
    const turns = watchChangedKeys(changed, controller.signal);
    changed.mark(['a', 'b']);
    changed.mark(['a']);
    expect(await turns.next()).toEqual({ done: false, value: new Set(['a', 'b']) });
    const next = turns.next();
    changed.mark(['c']);
    expect(await next).toEqual({ done: false, value: new Set(['c']) });
  });

  it('ends with its signal, also while it waits', async () => {
    const changed = new ChangedKeys<string>();
    const controller = new AbortController();
    const waiting = watchChangedKeys(changed, controller.signal).next();
    controller.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await watchChangedKeys(changed, controller.signal).next()).toEqual({
      done: true,
      value: undefined,
    });
  });

  it('lets several follow without taking from each other', async () => {
    const changed = new ChangedKeys<number>();
    const { signal } = new AbortController();
    const [first, second] = [watchChangedKeys(changed, signal), watchChangedKeys(changed, signal)];
    changed.mark([1]);
    expect((await first.next()).value).toEqual(new Set([1]));
    changed.mark([2]);
    expect((await second.next()).value).toEqual(new Set([1, 2]));
  });
});
