/** The RTSP listener of one camera. */

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

import type { ServiceMode } from '../service-mode.ts';
import { RtspConnection, type ConnectionContext } from './connection.ts';
import { LossyNetwork, type NetworkCounters, type NetworkFaults } from './lossy-network.ts';
import { parseReceiverReport, type ReceiverReport } from './receiver-report.ts';
import type { SendPace } from './delivery.ts';
import type { TransportKind } from './transport.ts';
import { UdpMedia } from './udp-media.ts';

/** How viewers get at the streams. */
export interface RtspAccess {
  /** Default: over TCP and UDP, as most cameras do. */
  readonly transports?: readonly TransportKind[];
  /** With these (PEM) the camera speaks RTSP over TLS and nothing else. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** What happens to packets over UDP. Default: nothing. */
  readonly network?: NetworkFaults;
  readonly pace?: SendPace;
}

export type RtspServerOptions = RtspAccess &
  Omit<ConnectionContext, 'mode' | 'onSlowViewer' | 'onReceiverReport' | 'transports' | 'udp'>;

/** Further viewers are disconnected at once, as a small camera does. */
const maximumConnections = 64;
const keptReceiverReports = 100;

export class RtspServer {
  readonly #options: RtspServerOptions;
  readonly #connections = new Map<Socket, RtspConnection>();
  #listener: Server | undefined;
  #mode: ServiceMode = 'normal';
  #slowViewers = 0;
  readonly #transports: readonly TransportKind[];
  readonly #network: LossyNetwork;
  readonly #udp: UdpMedia;
  readonly #receiverReports: ReceiverReport[] = [];

  constructor(options: RtspServerOptions) {
    this.#options = options;
    this.#transports = options.transports ?? ['tcp', 'udp'];
    this.#network = new LossyNetwork(options.network);
    this.#udp = new UdpMedia({
      network: this.#network,
      onControl: (packet) => {
        const report = parseReceiverReport(packet);
        if (report !== undefined) this.#keepReport(report);
      },
    });
  }

  /** What became of the packets sent over UDP. */
  get network(): NetworkCounters {
    return this.#network.counters;
  }

  /** The newest that viewers sent, oldest first. */
  get receiverReports(): readonly ReceiverReport[] {
    return this.#receiverReports;
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
    if (this.#transports.includes('udp')) await this.#udp.start(address);
    const listener = this.#createListener();
    listener.maxConnections = maximumConnections;
    listener.listen(port, address);
    try {
      await once(listener, 'listening');
    } catch (error) {
      await this.#udp.stop();
      throw error;
    }
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
    await this.#udp.stop();
  }

  setMode(mode: ServiceMode): void {
    this.#mode = mode;
    if (mode !== 'garbage') return;
    for (const connection of this.#connections.values()) connection.sendGarbage();
  }

  #createListener(): Server {
    const accept = (socket: Socket): void => {
      this.#accept(socket);
    };
    const { tls } = this.#options;
    return tls === undefined
      ? createServer(accept)
      : createTlsServer({ cert: tls.certificate, key: tls.key }, accept);
  }

  #keepReport(report: ReceiverReport): void {
    this.#receiverReports.push(report);
    if (this.#receiverReports.length > keptReceiverReports) this.#receiverReports.shift();
  }

  #accept(socket: Socket): void {
    const connection = new RtspConnection(socket, {
      ...this.#options,
      transports: this.#transports,
      udp: this.#udp,
      mode: () => this.#mode,
      onSlowViewer: () => {
        this.#slowViewers += 1;
      },
      onReceiverReport: (report) => {
        this.#keepReport(report);
      },
    });
    this.#connections.set(socket, connection);
    socket.once('close', () => this.#connections.delete(socket));
  }
}
