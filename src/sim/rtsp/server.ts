/** The RTSP listener of one camera. */

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

import type { ServiceMode } from '../service-mode.ts';
import { RtspConnection, type ConnectionContext } from './connection.ts';

export type RtspServerOptions = Omit<ConnectionContext, 'mode' | 'onSlowViewer'>;

/** Further viewers are disconnected at once, as a small camera does. */
const maximumConnections = 64;

export class RtspServer {
  readonly #options: RtspServerOptions;
  readonly #connections = new Map<Socket, RtspConnection>();
  #listener: Server | undefined;
  #mode: ServiceMode = 'normal';
  #slowViewers = 0;

  constructor(options: RtspServerOptions) {
    this.#options = options;
  }

  /** Open connections, playing or not. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Viewers disconnected because they read too slowly. */
  get slowViewerCount(): number {
    return this.#slowViewers;
  }

  /** Listens and returns the port, which is the given one unless that is 0. Rejects with the system's error, such as EADDRINUSE. */
  async start(address: string, port: number): Promise<number> {
    const listener = createServer((socket) => {
      this.#accept(socket);
    });
    listener.maxConnections = maximumConnections;
    listener.listen(port, address);
    await once(listener, 'listening');
    this.#listener = listener;
    const bound = listener.address();
    return typeof bound === 'object' && bound !== null ? bound.port : port;
  }

  /** Stops listening and closes every connection. */
  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    if (listener === undefined) return;
    const closed = once(listener, 'close');
    listener.close();
    for (const socket of this.#connections.keys()) socket.destroy();
    await closed;
  }

  setMode(mode: ServiceMode): void {
    this.#mode = mode;
    if (mode !== 'garbage') return;
    for (const connection of this.#connections.values()) connection.sendGarbage();
  }

  #accept(socket: Socket): void {
    const connection = new RtspConnection(socket, {
      ...this.#options,
      mode: () => this.#mode,
      onSlowViewer: () => {
        this.#slowViewers += 1;
      },
    });
    this.#connections.set(socket, connection);
    socket.once('close', () => this.#connections.delete(socket));
  }
}
