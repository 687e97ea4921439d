/** Answers WS-Discovery on the loopback interface: Hello, ProbeMatches, Bye. No packet ever leaves 127.0.0.0/8. */

import { randomInt, randomUUID } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

import type { SimClock } from '../clock.ts';
import {
  formatBye,
  formatHello,
  formatProbeMatches,
  matchesProbe,
  parseProbe,
  type Announcement,
} from './discovery-messages.ts';

export const discoveryGroup = { address: '239.255.255.250', port: 3702 } as const;
/** The only interface that multicast is sent from and received on. */
const loopbackInterface = '127.0.0.1';
/** Answers waiting for their random delay; further probes are ignored, as they would be repeated anyway. */
const maximumPendingAnswers = 32;

export interface DiscoveryFacts {
  readonly endpoint: string;
  readonly scopes: readonly string[];
  readonly deviceUrl: string;
}

export interface DiscoveryOptions {
  readonly facts: () => DiscoveryFacts;
  readonly clock: SimClock;
  /** Answers are spread over this time (APP_MAX_DELAY of WS-Discovery §3.1.3, there 500 ms). */
  readonly maximumDelayMs: number;
}

interface Sockets {
  /** Bound to the group, so that several cameras hear each probe. */
  readonly group: Socket;
  /** Bound to the camera's own address, which answers come from. */
  readonly own: Socket;
}

export class DiscoveryResponder {
  readonly #options: DiscoveryOptions;
  readonly #pending = new Set<() => void>();
  #sockets: Sockets | undefined;
  #silent = false;
  #instanceId = 0;
  #messageNumber = 0;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /** Listens on `address` and the group, and says Hello. `instanceId` grows with every boot. */
  async start(address: string, instanceId: number): Promise<void> {
    this.#instanceId = instanceId;
    this.#messageNumber = 0;
    const own = await this.#open(address);
    try {
      own.setMulticastInterface(loopbackInterface);
      own.setMulticastTTL(1);
      own.setMulticastLoopback(true);
      const group = await this.#open(discoveryGroup.address);
      group.addMembership(discoveryGroup.address, loopbackInterface);
      this.#sockets = { group, own };
    } catch (error) {
      own.close();
      throw error;
    }
    await this.#multicast(formatHello(this.#announcement()));
  }

  /** Closes the sockets, after a Bye if `farewell`; a camera that loses its power says nothing. */
  async stop({ farewell }: { readonly farewell: boolean }): Promise<void> {
    const sockets = this.#sockets;
    if (sockets === undefined) return;
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
    if (farewell) await this.#multicast(formatBye(this.#announcement()));
    this.#sockets = undefined;
    await Promise.all(
      [sockets.group, sockets.own].map(async (socket) => {
        const closed = once(socket, 'close');
        socket.close();
        await closed;
      }),
    );
  }

  /** While silent, probes are heard and not answered. */
  setSilent(silent: boolean): void {
    this.#silent = silent;
  }

  async #open(address: string): Promise<Socket> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.bind({ address, port: discoveryGroup.port });
    await once(socket, 'listening');
    socket.on('message', (message, sender) => {
      this.#onMessage(message, sender);
    });
    // A refused datagram (ICMP) is no reason to end.
    socket.on('error', () => undefined);
    return socket;
  }

  #onMessage(message: Buffer, sender: RemoteInfo): void {
    if (this.#silent || !sender.address.startsWith('127.') || this.#pending.size >= maximumPendingAnswers)
      return;
    const probe = parseProbe(message.toString('utf8'));
    if (probe === undefined || !matchesProbe(probe, this.#options.facts().scopes)) return;
    const cancel = this.#options.clock.schedule(randomInt(0, this.#options.maximumDelayMs + 1), () => {
      this.#pending.delete(cancel);
      const answer = formatProbeMatches(this.#announcement(), probe.messageId);
      this.#sockets?.own.send(answer, sender.port, sender.address);
    });
    this.#pending.add(cancel);
  }

  async #multicast(message: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#sockets?.own.send(message, discoveryGroup.port, discoveryGroup.address, (error) => {
      if (error === null) resolve(undefined);
      else reject(error);
    });
    await promise;
  }

  #announcement(): Announcement {
    this.#messageNumber += 1;
    return {
      ...this.#options.facts(),
      instanceId: this.#instanceId,
      messageNumber: this.#messageNumber,
      messageId: `urn:uuid:${randomUUID()}`,
    };
  }
}
