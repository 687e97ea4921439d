import type { z } from 'zod';
import type { TokenScope } from '../../shared/engine-api/index.ts';
import { parsePart, queryObject } from './request-parts.ts';

/** A WebSocket as a route sees it. None of these throws. */
export interface WebSocketConnection {
  /** One message: binary from bytes, which never change, and text from a string. */
  send(message: Uint8Array | string): void;
  /** Bytes accepted by `send` that have not reached the network. */
  bufferedBytes(): number;
  /** RFC 6455 §7.4. */
  close(code: number, reason: string): void;
}

export type WebSocketOpening =
  /** Disposing ends what the connection was opened for; harmless after the route closed it itself. */
  | { readonly kind: 'opened'; readonly session: Disposable }
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string };

/** What the engine sends over it. */
export type MessageDescription =
  | { readonly kind: 'binary'; readonly contentType: string }
  /** Text messages, each JSON of this schema. */
  | { readonly kind: 'json'; readonly schema: z.ZodType };

/** A path that takes WebSockets. */
export interface WebSocketRoute {
  readonly path: string;
  readonly scope: TokenScope;
  readonly summary: string;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly messages: MessageDescription;
  /** Before the handshake. Throws `ApiFailure`. */
  prepare(request: {
    readonly params: Readonly<Record<string, string>>;
    readonly query: URLSearchParams;
  }): (connection: WebSocketConnection) => WebSocketOpening;
}

interface WebSocketRouteDefinition<Params, Query> extends Pick<
  WebSocketRoute,
  'path' | 'scope' | 'summary' | 'messages'
> {
  readonly params: z.ZodType<Params>;
  readonly query: z.ZodType<Query>;
  open(
    input: { readonly params: Params; readonly query: Query },
    connection: WebSocketConnection,
  ): WebSocketOpening;
}

export function webSocketRoute<Params, Query>(
  definition: WebSocketRouteDefinition<Params, Query>,
): WebSocketRoute {
  const { path, scope, summary, messages, params, query } = definition;
  return {
    path,
    scope,
    summary,
    messages,
    params,
    query,
    prepare(request) {
      const input = {
        params: parsePart(params, request.params, 'not-found'),
        query: parsePart(query, queryObject(request.query), 'invalid-request'),
      };
      return (connection) => definition.open(input, connection);
    },
  };
}
