import { createTRPCUntypedClient, createWSClient, wsLink } from '@trpc/client';
import type { z } from 'zod';
import {
  type Mutation,
  type Procedure,
  type Query,
  SessionGrant,
  type Subscription,
  contract,
  deskPaths,
} from '../../shared/contract/index.ts';
import { NodeWebSocket } from './node-web-socket.ts';

/** The desk as the page meets it: a session from a single-use code, then tRPC over one WebSocket. */
export interface DeskClient extends AsyncDisposable {
  /** @throws what the desk answered, with the failure's words as the message */
  call<I extends z.ZodType, O extends z.ZodType>(
    procedure: Query<I, O> | Mutation<I, O>,
    input: z.input<I>,
  ): Promise<z.output<O>>;
  /** Resolves with the first event that `wanted` accepts; rejects when `signal` ends before. */
  first<O extends z.ZodType>(
    procedure: Subscription<z.ZodUndefined, O>,
    wanted: (event: z.output<O>) => boolean,
    signal: AbortSignal,
  ): Promise<z.output<O>>;
  openMedia(path: string): WebSocket;
}

const pathOf = new Map<Procedure, string>(
  Object.entries(contract).flatMap(([feature, procedures]) =>
    Object.entries(procedures).map(([name, procedure]): [Procedure, string] => [
      procedure,
      `${feature}.${name}`,
    ]),
  ),
);

/** @param link `http://127.0.0.1:PORT/#code=CODE` */
export async function connectToDesk(link: string): Promise<DeskClient> {
  const url = new URL(link);
  const origin = url.origin;
  const token = await exchangeCode(origin, new URLSearchParams(url.hash.slice(1)).get('code'));

  class PageSocket extends NodeWebSocket {
    constructor(address: string | URL) {
      super(address, { headers: { origin } });
    }
  }
  const sockets = createWSClient({
    url: `ws://${url.host}${deskPaths.rpc}`,
    connectionParams: { token },
    WebSocket: PageSocket,
  });
  const client = createTRPCUntypedClient({ links: [wsLink({ client: sockets })] });

  return {
    async call(procedure, input) {
      const path = pathOf.get(procedure) ?? '';
      const result = await (procedure.kind === 'query'
        ? client.query(path, input)
        : client.mutation(path, input));
      return procedure.output.parse(result);
    },
    first(procedure, wanted, signal) {
      return new Promise((resolve, reject) => {
        const subscription = client.subscription(pathOf.get(procedure) ?? '', undefined, {
          onData(event) {
            const parsed = procedure.output.parse(event);
            if (!wanted(parsed)) return;
            subscription.unsubscribe();
            resolve(parsed);
          },
          onError: reject,
        });
        signal.addEventListener('abort', () => {
          subscription.unsubscribe();
          reject(signal.reason instanceof Error ? signal.reason : new Error('given up'));
        });
      });
    },
    openMedia(path) {
      const socket = new PageSocket(`ws://${url.host}${path}`);
      socket.binaryType = 'arraybuffer';
      return socket;
    },
    async [Symbol.asyncDispose]() {
      await sockets.close();
    },
  };
}

async function exchangeCode(origin: string, code: string | null): Promise<string> {
  const response = await fetch(new URL(deskPaths.session, origin), {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ code }),
  });
  if (!response.ok) throw new Error(`the desk refused the session code (HTTP ${response.status})`);
  return SessionGrant.parse(await response.json()).token;
}
