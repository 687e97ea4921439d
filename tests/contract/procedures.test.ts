import { TRPCClientError } from '@trpc/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contract, type Procedure } from '../../src/shared/contract/index.ts';
import {
  connect,
  firstEvents,
  signIn,
  startTestDesk,
  type TestClient,
  type TestDesk,
} from '../integration/desk/desk-fixture.ts';

/** Every procedure there is, from the declarations alone. */
const declared = Object.entries(contract).flatMap(([feature, procedures]) =>
  Object.entries(procedures).map(
    ([name, procedure]: [string, Procedure]) => [`${feature}.${name}`, procedure] as const,
  ),
);
const takesNothing = ([, { input }]: (typeof declared)[number]): boolean =>
  input.safeParse(undefined).success;
const ofKind = (kind: Procedure['kind']): typeof declared =>
  declared.filter(([, procedure]) => procedure.kind === kind);

let desk: TestDesk;
let page: TestClient;
beforeAll(async () => {
  desk = await startTestDesk();
  page = connect(desk.origin, await signIn(desk));
});
afterAll(async () => {
  page[Symbol.dispose]();
  await desk[Symbol.asyncDispose]();
});

function call(path: string, procedure: Procedure, input: unknown): Promise<unknown> {
  return procedure.kind === 'query' ? page.client.query(path, input) : page.client.mutation(path, input);
}

describe('every procedure of the contract, on a new site', () => {
  it.each(ofKind('subscription'))('%s begins with a whole state', async (path, procedure) => {
    const [first] = await firstEvents(page.client, path, { count: 1 });
    expect(procedure.output.parse(first)).toEqual(first);
  });

  it.each(ofKind('query').filter(takesNothing))('%s answers what is declared', async (path, procedure) => {
    const answer = await page.client.query(path);
    expect(procedure.output.parse(answer)).toEqual(answer);
  });

  it.each(declared.filter(([, { kind }]) => kind !== 'subscription').filter((entry) => !takesNothing(entry)))(
    '%s is there, and refuses what is not declared',
    async (path, procedure) => {
      const thrown = await call(path, procedure, { unheardOf: true }).catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(TRPCClientError);
      expect(thrown instanceof TRPCClientError && thrown.data).toMatchObject({
        failure: { code: 'invalid-input', remedy: 'Correct it and try again.' },
      });
    },
  );

  it('is reached by one of these, or is a scan that the discovery tests start and stop', () => {
    const others = declared
      .filter(([, { kind }]) => kind === 'mutation')
      .filter(takesNothing)
      .map(([path]) => path);
    expect(others).toEqual(['discovery.start', 'discovery.stop']);
  });
});

describe('expected failures', () => {
  it.each([
    ['wall.openLive', { cameraId: 'nowhere', stream: 'main' }, 'not-found'],
    ['inventory.renameCamera', { cameraId: 'nowhere', name: 'x' }, 'not-found'],
    ['deploy.start', { nodeId: 'nowhere' }, 'not-found'],
    ['runs.cancel', { runId: '00000000-0000-4000-8000-000000000000' }, 'not-found'],
    ['vault.create', { passphrase: 'another passphrase' }, 'conflict'],
  ])('of %s arrive as values', async (path, input, code) => {
    const thrown = await page.client.mutation(path, input).catch((error: unknown) => error);
    expect(thrown instanceof TRPCClientError && thrown.data).toEqual({
      failure: expect.objectContaining({ code, message: expect.any(String) }),
    });
  });
});
