import { expect, test } from 'vitest';
import { createDesk } from '../../../../src/renderer/api/desk.ts';
import type { Answer } from '../../../../src/renderer/api/answer.ts';
import type { StreamListener, Transport } from '../../../../src/renderer/api/transport.ts';
import { contract } from '../../../../src/shared/contract/index.ts';
import type { Failure, Site } from '../../../../src/shared/contract/index.ts';

class FakeTransport implements Transport {
  readonly calls: unknown[] = [];
  readonly listeners = new Map<string, StreamListener<unknown>>();
  answer: Answer<unknown> = { kind: 'ok', value: undefined };

  async call(kind: 'query' | 'mutation', path: string, input: unknown): Promise<Answer<unknown>> {
    this.calls.push({ kind, path, input });
    return this.answer;
  }
  subscribe(path: string, _: unknown, listener: StreamListener<unknown>): () => void {
    this.listeners.set(path, listener);
    return () => this.listeners.delete(path);
  }
}

test('a question goes to the path of its procedure, with its input parsed', async () => {
  const transport = new FakeTransport();
  const answer = await createDesk(transport).ask(contract.site.rename, { name: '  Pier 9 ' });
  expect([answer, transport.calls]).toEqual([
    { kind: 'ok', value: undefined },
    [{ kind: 'mutation', path: 'site.rename', input: { name: 'Pier 9' } }],
  ]);
});

test('an input that cannot be right is not sent', async () => {
  const transport = new FakeTransport();
  const answer = await createDesk(transport).ask(contract.site.rename, { name: ' ' });
  expect([answer, transport.calls]).toEqual([
    { kind: 'failed', failure: { code: 'invalid-input', message: expect.stringMatching(/^name: /) } },
    [],
  ]);
});

test('an answer of another shape is a failure, not a crash', async () => {
  const transport = new FakeTransport();
  transport.answer = { kind: 'ok', value: [{ version: 7 }] };
  expect(await createDesk(transport).ask(contract.deploy.bundles)).toMatchObject({
    kind: 'failed',
    failure: { code: 'internal', message: expect.stringContaining('deploy.bundles') },
  });
});

test('a stream gives parsed events until it is left', () => {
  const transport = new FakeTransport();
  const events: Site[] = [];
  const failures: Failure[] = [];
  const leave = createDesk(transport).follow(contract.site.watch, {
    onEvent: (site) => events.push(site),
    onFailure: (failure) => failures.push(failure),
  });
  const site: Site = { name: 'Pier 9', colorScheme: 'auto', version: '1', shell: 'web' };
  transport.listeners.get('site.watch')?.onEvent({ ...site, unknownField: true });
  transport.listeners.get('site.watch')?.onEvent({ name: 5 });
  leave();
  expect([events, failures.map(({ code }) => code), transport.listeners.size]).toEqual([
    [site],
    ['internal'],
    0,
  ]);
});
