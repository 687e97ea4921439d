import { randomUUID } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { fail } from '../../failure.ts';
import type { Clock, Log } from '../ports.ts';
import { chooseServiceUrl } from './service-address.ts';
import {
  parseDiscoveryMessage,
  probeMessage,
  probedTypes,
  type Announcement,
} from './ws-discovery-messages.ts';

const group = { address: '239.255.255.250', port: 3702 } as const;
const maximumDatagramBytes = 32 * 1024;
/** Of one scan; a site of 1,000 cameras that answer every probe sends a third of it. */
const maximumDatagrams = 32_768;

export interface DiscoveryTiming {
  /** When probes are sent, from the start. Datagrams get lost, and some cameras answer only when they are not busy. */
  readonly probesAtMs: readonly number[];
  /** When the scan is over, from the start. */
  readonly endsAtMs: number;
}
export const defaultTiming: DiscoveryTiming = { probesAtMs: [0, 400, 1200, 2800], endsAtMs: 6000 };

/** An ONVIF device that answered or announced itself. */
export interface Sighting extends Omit<Announcement, 'serviceUrls'> {
  /** Where its datagram came from. */
  readonly address: string;
  readonly serviceUrl: string;
}

export interface ScanEvents {
  /** May come several times for one device, and with a new address. */
  onSighting(sighting: Sighting): void;
  /** The device says that it is leaving the network. */
  onBye(endpointReference: string): void;
}

export interface WsDiscoveryScan extends ScanEvents {
  /** Local IPv4 addresses; the probes leave from these and from nowhere else. */
  readonly interfaces: readonly string[];
}

/**
 * WS-Discovery (April 2005) as ONVIF Core §7.3 uses it: multicast probes, answers by unicast, and Hello and Bye listened to
 * while a scan runs. Nothing is sent or listened to between scans.
 */
export class WsDiscovery {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #timing: DiscoveryTiming;

  constructor(options: { readonly clock: Clock; readonly log: Log; readonly timing?: DiscoveryTiming }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#timing = options.timing ?? defaultTiming;
  }

  /** Resolves at the scan's end or when `signal` ends it. Fails with `unreachable` when no chosen interface can be used. */
  async scan(scan: WsDiscoveryScan, signal: AbortSignal): Promise<void> {
    await using sockets = new AsyncDisposableStack();
    const receive = this.#receiver(scan);
    const probers: Socket[] = [];
    for (const address of scan.interfaces) {
      const socket = await this.#open({ port: 0, address }, receive);
      if (!socket) continue;
      sockets.defer(() => void socket.close());
      // Without this the routing table chooses the way out, which may be a network nobody asked to probe.
      socket.setMulticastInterface(address);
      socket.setMulticastTTL(1);
      probers.push(socket);
    }
    if (probers.length === 0) {
      throw fail(
        'unreachable',
        `Nothing can be sent from ${scan.interfaces.join(', ')}: this computer no longer has that address.`,
        'Choose the network cards to search on again.',
      );
    }
    const listener = await this.#open({ port: group.port, exclusive: false }, receive);
    if (listener) {
      sockets.defer(() => void listener.close());
      for (const address of scan.interfaces) this.#join(listener, address);
    }
    await this.#probe(probers, signal);
  }

  async #probe(probers: readonly Socket[], signal: AbortSignal): Promise<void> {
    using timers = new DisposableStack();
    const send = (): void => {
      for (const socket of probers) {
        for (const type of probedTypes) {
          socket.send(probeMessage(randomUUID(), type), group.port, group.address, (error) => {
            if (error) this.#log.warn({ error: error.message }, 'A discovery probe could not be sent');
          });
        }
      }
    };
    await new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      const onAbort = (): void => resolve();
      signal.addEventListener('abort', onAbort, { once: true });
      timers.defer(() => signal.removeEventListener('abort', onAbort));
      for (const atMs of this.#timing.probesAtMs) timers.use(this.#clock.after(atMs, send));
      timers.use(this.#clock.after(this.#timing.endsAtMs, resolve));
    });
  }

  async #open(
    bind: { readonly port: number; readonly address?: string; readonly exclusive?: boolean },
    receive: (datagram: Buffer, from: RemoteInfo) => void,
  ): Promise<Socket | undefined> {
    const socket = createSocket({ type: 'udp4', reuseAddr: bind.port !== 0 });
    try {
      const listening = once(socket, 'listening');
      socket.bind(bind);
      await listening;
    } catch (error) {
      this.#log.warn({ ...bind, error: String(error) }, 'Discovery cannot use a local address');
      socket.close();
      return undefined;
    }
    socket.on('message', receive);
    socket.on('error', (error) => this.#log.warn({ error: error.message }, 'A discovery socket failed'));
    return socket;
  }

  #join(listener: Socket, address: string): void {
    try {
      listener.addMembership(group.address, address);
    } catch (error) {
      this.#log.warn(
        { address, error: String(error) },
        'Announcements of cameras cannot be heard on a network card',
      );
    }
  }

  #receiver(scan: WsDiscoveryScan): (datagram: Buffer, from: RemoteInfo) => void {
    let received = 0;
    return (datagram, from) => {
      received += 1;
      if (received === maximumDatagrams) {
        this.#log.warn({ maximumDatagrams }, 'Too many discovery answers; the rest of this scan is ignored');
      }
      if (received >= maximumDatagrams || datagram.length > maximumDatagramBytes) return;
      this.#read(datagram, from.address, scan);
    };
  }

  #read(datagram: Buffer, address: string, scan: WsDiscoveryScan): void {
    let message;
    try {
      message = parseDiscoveryMessage(datagram.toString('utf8'));
    } catch (error) {
      this.#log.debug({ address, error: String(error) }, 'Something that is not WS-Discovery arrived');
      return;
    }
    switch (message.kind) {
      case 'present':
        for (const { serviceUrls, ...device } of message.devices) {
          scan.onSighting({ ...device, address, serviceUrl: chooseServiceUrl(serviceUrls, address) });
        }
        return;
      case 'bye':
        scan.onBye(message.endpointReference);
        return;
      case 'other':
        return;
    }
  }
}
