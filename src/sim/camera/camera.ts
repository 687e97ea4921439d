/** One simulated camera: RTSP, ONVIF over HTTP and WS-Discovery on an address of its own, with faults on demand. */

import {
  DigestGuard,
  type Credentials,
  type DigestAlgorithm,
  type DigestAttempt,
  type DigestVerdict,
} from '../auth/digest.ts';
import { systemClock, type SimClock } from '../clock.ts';
import { Broadcast } from '../rtsp/broadcast.ts';
import type { PacketizedClip } from '../rtsp/packetized-clip.ts';
import { SendLog } from '../rtsp/send-log.ts';
import { RtspServer } from '../rtsp/server.ts';
import type { CameraIdentity } from './identity.ts';

export interface SimCameraOptions {
  readonly identity: CameraIdentity;
  /** A loopback address, one for each camera. */
  readonly address: string;
  /** 0 takes any free port. Default: HTTP 8080, RTSP 8554. */
  readonly ports?: { readonly http: number; readonly rtsp: number };
  readonly credentials: Credentials;
  readonly source: PacketizedClip;
  /** Frame number of the clip that the camera starts with, a multiple of the group length. Default 0. */
  readonly firstFrameNumber?: number;
  readonly sessionTimeoutSeconds?: number;
  /** Challenges offered over RTSP, in order. Default: MD5 alone. */
  readonly rtspDigestAlgorithms?: readonly DigestAlgorithm[];
  readonly clock?: SimClock;
}

export interface SimCameraInfo {
  readonly identity: CameraIdentity;
  readonly sceneId: string;
  readonly address: string;
  readonly hasAudio: boolean;
  readonly mainUrl: string;
  readonly subUrl: string;
}

const maximumQueuedBytes = 2 * 1024 * 1024;
const nonceLifetimeMs = 24 * 60 * 60 * 1000;

export class SimCamera {
  readonly sentFrames = new SendLog();
  readonly #options: SimCameraOptions;
  readonly #broadcast: Broadcast;
  readonly #rtsp: RtspServer;
  #rtspPort: number;

  constructor(options: SimCameraOptions) {
    const clock = options.clock ?? systemClock;
    this.#options = options;
    this.#rtspPort = options.ports?.rtsp ?? 8554;
    this.#broadcast = new Broadcast({
      source: options.source,
      clock,
      log: this.sentFrames,
      firstFrameNumber: options.firstFrameNumber ?? 0,
    });
    const guard = new DigestGuard({
      credentials: options.credentials,
      realm: options.identity.model,
      clock,
      algorithms: options.rtspDigestAlgorithms ?? ['MD5'],
      qualityOfProtection: false,
      nonceLifetimeMs,
    });
    this.#rtsp = new RtspServer({
      name: options.identity.name,
      source: options.source,
      broadcast: this.#broadcast,
      clock,
      sessionTimeoutSeconds: options.sessionTimeoutSeconds ?? 60,
      maximumQueuedBytes,
      authenticate: (attempt: DigestAttempt): DigestVerdict => guard.check(attempt),
    });
  }

  get info(): SimCameraInfo {
    const { identity, source, address } = this.#options;
    const rtsp = `rtsp://${address}:${this.#rtspPort}`;
    return {
      identity,
      sceneId: source.clip.sceneId,
      address,
      hasAudio: source.audio !== undefined,
      mainUrl: `${rtsp}/main`,
      subUrl: `${rtsp}/sub`,
    };
  }

  async start(): Promise<void> {
    this.#broadcast.start();
    this.#rtspPort = await this.#rtsp.start(this.#options.address, this.#rtspPort);
  }

  async stop(): Promise<void> {
    this.#broadcast.stop();
    await this.#rtsp.stop();
  }
}

export function createSimCamera(options: SimCameraOptions): SimCamera {
  return new SimCamera(options);
}
