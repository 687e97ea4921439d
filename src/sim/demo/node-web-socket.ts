import { z } from 'zod';

/** Node's WebSocket takes headers, which the browser's type does not know. */
interface NodeWebSocketConstructor {
  new (
    url: string | URL,
    init: { readonly protocols?: string | string[]; readonly headers: object },
  ): WebSocket;
  readonly prototype: WebSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
}

export const NodeWebSocket = z
  .custom<NodeWebSocketConstructor>((value) => typeof value === 'function')
  .parse(globalThis.WebSocket);
