import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTRPCUntypedClient, createWSClient, type TRPCUntypedClient, wsLink } from '@trpc/client';
import { SessionGrant, deskPaths } from '../../../src/shared/contract/index.ts';
import { NodeWebSocket } from '../../../src/sim/demo/node-web-socket.ts';
import type { DeskOptions } from '../../../src/main/desk-protocol.ts';
import { type RunningDesk, openDesk } from '../../../src/main/open-desk.ts';
import type { DeskRouter } from '../../../src/main/server/router.ts';

export const passphrase = 'correct horse battery staple';

export interface TestDesk extends AsyncDisposable {
  readonly desk: RunningDesk;
  readonly options: DeskOptions;
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
}

/** A new folder with a data folder and a small page in it, removed at the end. */
export async function makeOptions(
  stack: AsyncDisposableStack,
  overrides: Partial<DeskOptions> = {},
): Promise<DeskOptions> {
  const directory = await mkdtemp(join(tmpdir(), 'belvedere-desk-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const pageDirectory = join(directory, 'page');
  await mkdir(join(pageDirectory, 'assets'), { recursive: true });
  await writeFile(join(pageDirectory, 'index.html'), '<!doctype html><title>Belvedere</title>');
  await writeFile(join(pageDirectory, 'assets', 'main-abc123.js'), 'export {};');
  return {
    dataDirectory: join(directory, 'data'),
    port: 0,
    shell: 'web',
    version: '9.9.9',
    pageDirectory,
    bundlesDirectory: join(directory, 'bundles'),
    trustedKeyPath: join(directory, 'signing-key.pub'),
    nodeFilesDirectory: join(import.meta.dirname, '..', '..', '..', 'resources', 'node'),
    passphrase,
    ...overrides,
  };
}

export async function startTestDesk(overrides: Partial<DeskOptions> = {}): Promise<TestDesk> {
  await using stack = new AsyncDisposableStack();
  const options = await makeOptions(stack, overrides);
  const desk = await openDesk(options);
  stack.defer(() => desk.stop());
  const kept = stack.move();
  return {
    desk,
    options,
    origin: `http://127.0.0.1:${desk.port}`,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export function postSession(
  origin: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${origin}${deskPaths.session}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin, ...headers },
    body: JSON.stringify(body),
  });
}

/** Signs in as a page does. */
export async function signIn({ desk, origin }: TestDesk): Promise<string> {
  const response = await postSession(origin, { code: desk.issueCode() });
  return SessionGrant.parse(await response.json()).token;
}

export interface TestClient extends Disposable {
  readonly client: TRPCUntypedClient<DeskRouter>;
  /** The close code of the first connection that ended. */
  readonly closed: Promise<number | undefined>;
}

/** tRPC's own client over a real WebSocket, with the Origin that a browser would send. */
export function connect(origin: string, token: string): TestClient {
  const closed = Promise.withResolvers<number | undefined>();
  const wsClient = createWSClient({
    url: `${origin.replace('http:', 'ws:')}${deskPaths.rpc}`,
    connectionParams: { token },
    WebSocket: class extends NodeWebSocket {
      constructor(url: string | URL, protocols: string | string[] = []) {
        super(url, { protocols, headers: { origin } });
      }
    },
    onClose: (cause) => closed.resolve(cause?.code),
    retryDelayMs: () => 60_000,
  });
  return {
    client: createTRPCUntypedClient<DeskRouter>({ links: [wsLink({ client: wsClient })] }),
    closed: closed.promise,
    [Symbol.dispose]: () => void wsClient.close(),
  };
}

/** The first events of a subscription, then unsubscribes. */
export function firstEvents(
  client: TRPCUntypedClient<DeskRouter>,
  path: string,
  take: { readonly count: number; readonly onEvent?: (event: unknown) => void },
): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const events: unknown[] = [];
    const subscription = client.subscription(path, undefined, {
      onData: (envelope: unknown) => {
        events.push(envelope);
        take.onEvent?.(envelope);
        if (events.length < take.count) return;
        subscription.unsubscribe();
        resolve(events);
      },
      onError: reject,
    });
  });
}
