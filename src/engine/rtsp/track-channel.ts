import type { Clock } from '../../shared/domain/clock.ts';
import type { RtspConnection } from './connection.ts';
import { RtspFailure } from './failure.ts';
import type { ReportedTrack } from './reception-reporter.ts';
import { formatEmptyRtpPacket } from './rtcp.ts';
import type { RtpReceiver } from './rtp.ts';
import type { AskedTransport, GrantedTransport } from './transport.ts';
import type { OpenUdpPorts, UdpPorts } from './udp-ports.ts';

/** The way on which one track comes: two channels of the connection, or two UDP ports. It receives from the moment it is made. */
export interface TrackChannel extends ReportedTrack {
  readonly asked: AskedTransport;
  /** Of the track, beside the RTSP connection. */
  readonly receivedBytes: number;
  /** What the server granted, which must be of the asked kind. */
  accept(granted: GrantedTransport): void;
  /** Opens the way through firewalls, where there can be some. */
  punch(ownSource: number): void;
  /** Gives up on gaps in time, where there can be some. */
  flushDue(nowMonotonicMs: number): void;
  close(): Promise<void>;
}

const MAX_CHANNELS = 256;

/** Interleaved frames of the RTSP connection. */
export class InterleavedChannel implements TrackChannel {
  readonly receiver: RtpReceiver;
  readonly asked: AskedTransport & { readonly kind: 'interleaved' };
  readonly wantsReportsAnyway = false;
  readonly receivedBytes = 0;
  readonly #connection: RtspConnection;
  #channels: { readonly rtpChannel: number; readonly rtcpChannel: number };

  constructor(connection: RtspConnection, receiver: RtpReceiver, firstChannel: number) {
    if (firstChannel + 1 >= MAX_CHANNELS) throw new RtspFailure('unsupported', 'Too many tracks.');
    this.#connection = connection;
    this.receiver = receiver;
    this.asked = { kind: 'interleaved', rtpChannel: firstChannel, rtcpChannel: firstChannel + 1 };
    this.#channels = this.asked;
    this.#listen();
  }

  /** The first channel that neither this track nor an earlier one uses. */
  get nextChannel(): number {
    return Math.max(this.#channels.rtpChannel, this.#channels.rtcpChannel) + 1;
  }

  accept(granted: GrantedTransport): void {
    if (granted.kind !== 'interleaved') return;
    const { rtpChannel, rtcpChannel } = this.#channels;
    if (granted.rtpChannel === rtpChannel && granted.rtcpChannel === rtcpChannel) return;
    this.#ignore();
    // Some grant the same channels for every track, and send on those that were asked for.
    const isTaken =
      this.#connection.isReceivingOn(granted.rtpChannel) ||
      this.#connection.isReceivingOn(granted.rtcpChannel);
    this.#channels = isTaken ? this.asked : granted;
    this.#listen();
  }

  sendControl(bytes: Buffer): void {
    this.#connection.sendFrame(this.#channels.rtcpChannel, bytes);
  }

  punch(): void {
    // The connection is open.
  }

  flushDue(): void {
    // Packets come in order.
  }

  close(): Promise<void> {
    this.#ignore();
    return Promise.resolve();
  }

  #listen(): void {
    const { rtpChannel, rtcpChannel } = this.#channels;
    this.#connection.receiveOn(rtcpChannel, (bytes, range, arrivalMonotonicMs) => {
      this.receiver.receiveControl(bytes, range, arrivalMonotonicMs);
    });
    this.#connection.receiveOn(rtpChannel, (bytes, range, arrivalMonotonicMs) => {
      this.receiver.receive(bytes, range, arrivalMonotonicMs);
    });
  }

  #ignore(): void {
    this.#connection.stopReceivingOn(this.#channels.rtpChannel);
    this.#connection.stopReceivingOn(this.#channels.rtcpChannel);
  }
}

export interface UdpChannelOptions {
  readonly receiver: RtpReceiver;
  readonly clock: Clock;
  readonly openUdpPorts: OpenUdpPorts;
  readonly localAddress: string;
  readonly remoteAddress: string;
  /** Packets come from another address than the camera's. */
  readonly onForeign: (address: string) => void;
  /** A mistake of ours was met by what came. */
  readonly onBroken: (error: unknown) => void;
}

/** Two UDP ports of ours. */
export class UdpChannel implements TrackChannel {
  readonly receiver: RtpReceiver;
  readonly asked: AskedTransport & { readonly kind: 'udp' };
  readonly wantsReportsAnyway = true;
  readonly #options: UdpChannelOptions;
  readonly #ports: UdpPorts;
  /** One object for all datagrams. */
  readonly #range = { start: 0, end: 0 };
  #serverPorts: { readonly rtp: number; readonly rtcp: number } | undefined;
  #receivedBytes = 0;
  #isBroken = false;

  private constructor(options: UdpChannelOptions, ports: UdpPorts) {
    this.#options = options;
    this.#ports = ports;
    this.receiver = options.receiver;
    this.asked = { kind: 'udp', rtpPort: ports.rtpPort };
    this.receiver.useReordering();
  }

  /** Rejects with an RtspFailure when there are no ports. */
  static async open(options: UdpChannelOptions): Promise<UdpChannel> {
    let channel: UdpChannel | undefined;
    const { localAddress, remoteAddress } = options;
    try {
      const ports = await options.openUdpPorts(
        { localAddress, remoteAddress },
        {
          onRtp: (bytes) => channel?.take(bytes, 'rtp'),
          onRtcp: (bytes) => channel?.take(bytes, 'rtcp'),
          onForeign: options.onForeign,
        },
      );
      channel = new UdpChannel(options, ports);
      return channel;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
      throw new RtspFailure('protocol', `No UDP ports could be opened for the camera's packets (${code}).`);
    }
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  accept(granted: GrantedTransport): void {
    if (granted.kind === 'udp') this.#serverPorts = granted.serverPorts;
  }

  punch(ownSource: number): void {
    if (this.#serverPorts === undefined) return;
    this.#ports.sendRtp(formatEmptyRtpPacket(ownSource), this.#serverPorts.rtp);
  }

  sendControl(bytes: Buffer): void {
    if (this.#serverPorts !== undefined) this.#ports.sendRtcp(bytes, this.#serverPorts.rtcp);
  }

  flushDue(nowMonotonicMs: number): void {
    if (this.#isBroken) return;
    try {
      this.receiver.flushDue(nowMonotonicMs);
    } catch (error) {
      this.#break(error);
    }
  }

  close(): Promise<void> {
    return this.#ports.close();
  }

  take(bytes: Buffer, kind: 'rtp' | 'rtcp'): void {
    if (this.#isBroken) return;
    this.#receivedBytes += bytes.length;
    this.#range.end = bytes.length;
    const arrivalMonotonicMs = this.#options.clock.monotonicMs();
    try {
      if (kind === 'rtp') this.receiver.receive(bytes, this.#range, arrivalMonotonicMs);
      else this.receiver.receiveControl(bytes, this.#range, arrivalMonotonicMs);
    } catch (error) {
      this.#break(error);
    }
  }

  #break(error: unknown): void {
    this.#isBroken = true;
    this.#options.onBroken(error);
  }
}
