/** Plays the video of a simulated camera with the engine's RTSP client alone. */
import { SlabPool } from '../../src/engine/media/slab-pool.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { parseRtspAddress } from '../../src/engine/rtsp/addresses.ts';
import { H264Depacketizer, RtpReceiver, RtspSession, dialTcp } from '../../src/engine/rtsp/index.ts';
import type { TrackSenderReport } from '../../src/engine/rtsp/index.ts';
import type { RtspFailure } from '../../src/engine/rtsp/failure.ts';
import type { RtspSessionOptions } from '../../src/engine/rtsp/session.ts';
import { openUdpPorts } from '../../src/engine/rtsp/udp-ports.ts';
import type { UdpPorts } from '../../src/engine/rtsp/udp-ports.ts';
import { nalUnits } from './ingest-subscriber.ts';
import { MemoryLog } from './memory-log.ts';
import { credentials } from './sim-camera-fixture.ts';

/** What of an access unit belongs into a sample: all but parameter sets and delimiters. */
export function fingerprint(nals: readonly Buffer[]): string {
  return nals
    .filter((nal) => ![7, 8, 9].includes((nal[0] ?? 0) & 0x1f))
    .map((nal) => nal.toString('hex'))
    .join();
}

export class RtspPlayer implements AsyncDisposable {
  readonly session: RtspSession;
  readonly log = new MemoryLog();
  /** Fingerprints of the pictures, in order. */
  readonly pictures: string[] = [];
  readonly senderReports: TrackSenderReport[] = [];
  readonly ended: RtspFailure[] = [];
  readonly ports: UdpPorts[] = [];
  receiver: RtpReceiver | undefined;
  #depacketizer: H264Depacketizer | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(url: string, options: Partial<RtspSessionOptions> = {}) {
    this.session = new RtspSession({
      address: parseRtspAddress(url),
      credentials,
      clock: createSystemClock(),
      log: this.log,
      dial: dialTcp,
      connectTimeoutMs: 5_000,
      requestTimeoutMs: 5_000,
      openUdpPorts: async (endpoints, events) => {
        const ports = await openUdpPorts(endpoints, events);
        this.ports.push(ports);
        return ports;
      },
      onEnded: (failure) => {
        this.ended.push(failure);
        this.#announce();
      },
      ...options,
    });
  }

  /** Rejects with an RtspFailure. */
  async play(): Promise<void> {
    await this.session.open();
    const { media } = await this.session.describe();
    const video = media.find(({ type }) => type === 'video');
    if (video === undefined) throw new Error('The camera has no video.');
    const depacketizer = new H264Depacketizer({
      slabPool: new SlabPool({ maximumIdleBytes: 1024 ** 2 }),
      maxAccessUnitBytes: 1024 ** 2,
      events: {
        onAccessUnit: (unit) => {
          this.pictures.push(fingerprint(nalUnits(unit)));
          this.#announce();
        },
        onDamage: () => undefined,
      },
    });
    this.#depacketizer = depacketizer;
    this.receiver = new RtpReceiver({
      payloadType: video.payloadType,
      clockRate: video.clockRate,
      onPacket: (packet) => {
        depacketizer.push(packet);
      },
      onSenderReport: (report) => this.senderReports.push(report),
    });
    await this.session.setUp(video, this.receiver);
    await this.session.play();
  }

  /** Resolves as soon as the condition holds, which is looked at after every picture and at the end of the session. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#wake.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.close();
    this.#depacketizer?.release();
  }

  #announce(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
