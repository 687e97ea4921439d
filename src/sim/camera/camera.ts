/** One simulated camera: RTSP, ONVIF over HTTP and WS-Discovery on an address of its own, with faults on demand. */

import type { Credentials, DigestAlgorithm } from '../auth/digest.ts';
import { systemClock, type SimClock } from '../clock.ts';
import { DiscoveryResponder } from '../onvif/discovery-responder.ts';
import { scopesOf, type OnvifFacts } from '../onvif/facts.ts';
import { OnvifServer, onvifPaths } from '../onvif/http-server.ts';
import { Broadcast } from '../rtsp/broadcast.ts';
import type { Clip } from '../clip/clip.ts';
import type { PacketizedClip } from '../rtsp/packetized-clip.ts';
import { SendLog } from '../rtsp/send-log.ts';
import type { NetworkCounters } from '../rtsp/lossy-network.ts';
import type { ReceiverReport } from '../rtsp/receiver-report.ts';
import { RtspServer, type RtspAccess } from '../rtsp/server.ts';
import type { ServiceMode } from '../service-mode.ts';
import { CameraGuards } from './guards.ts';
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
  /** Default 60. */
  readonly sessionTimeoutSeconds?: number;
  /** Challenges offered over RTSP, in order. Default: MD5 alone, as most cameras do. */
  readonly rtspDigestAlgorithms?: readonly DigestAlgorithm[];
  /** Transports, TLS and a bad network. */
  readonly rtspAccess?: RtspAccess;
  /** Answers to a probe are spread over this time. Default 500, as the standard has it. */
  readonly maximumProbeDelayMs?: number;
  /** Unsent bytes after which a slow RTSP viewer is disconnected. Default 2 MiB. */
  readonly maximumQueuedBytes?: number;
  readonly clock?: SimClock;
}

export interface SimCameraInfo {
  readonly identity: CameraIdentity;
  readonly sceneId: string;
  readonly address: string;
  readonly hasAudio: boolean;
  readonly deviceUrl: string;
  readonly snapshotUrl: string;
  readonly mainUrl: string;
  readonly subUrl: string;
}

/**
 * The camera's state. `off` is before `start` and after `stop`; the others are faults, except `normal`:
 *
 *     off <-> normal <-> dropped | stalled | refusing | garbage
 *                    --> rebooting --> normal
 */
export type CameraCondition = 'off' | 'normal' | 'dropped' | 'stalled' | 'refusing' | 'garbage' | 'rebooting';

/** Switches for faults. Each resolves when the fault is in force; one fault replaces another. */
export interface CameraFaults {
  readonly condition: CameraCondition;
  /** Closes all connections and refuses new ones, without a Bye, as if the cable were pulled. */
  drop(): Promise<void>;
  /** Keeps connections open and accepts new ones, but sends and answers nothing. */
  stall(): Promise<void>;
  /** Refuses every credential. Streams that play already go on. */
  rejectCredentials(): Promise<void>;
  /** Answers nonsense on RTSP and HTTP, and on the streams that play. */
  garbage(): Promise<void>;
  /** Everything is down for `downMs`, then back with new sessions, SSRCs and frame 0. Resolves when it is back. */
  reboot(downMs: number): Promise<void>;
  /** Says Bye, moves to another loopback address with the same identity and ports, says Hello. */
  changeAddress(address: string): Promise<void>;
  /** Back to normal. */
  clear(): Promise<void>;
}

const defaultMaximumQueuedBytes = 2 * 1024 * 1024;

export class SimCamera {
  /** What was sent when. */
  readonly sentFrames = new SendLog();
  readonly faults: CameraFaults;
  readonly #options: SimCameraOptions;
  readonly #clock: SimClock;
  readonly #broadcast: Broadcast;
  readonly #guards: CameraGuards;
  readonly #rtsp: RtspServer;
  readonly #onvif: OnvifServer;
  readonly #discovery: DiscoveryResponder;
  #address: string;
  #ports: { readonly http: number; readonly rtsp: number };
  #condition: CameraCondition = 'off';
  /** Transitions run one after the other. */
  #transition: Promise<void> = Promise.resolve();
  /** Cuts the pause of a reboot short, also of one that has yet to begin. */
  #stopping = new AbortController();
  #boots = 0;

  constructor(options: SimCameraOptions) {
    const clock = options.clock ?? systemClock;
    this.#options = options;
    this.#clock = clock;
    this.#address = options.address;
    this.#ports = options.ports ?? { http: 8080, rtsp: 8554 };
    this.#guards = new CameraGuards({
      credentials: options.credentials,
      realm: options.identity.model,
      clock,
      rtspAlgorithms: options.rtspDigestAlgorithms ?? ['MD5'],
    });
    this.#broadcast = new Broadcast({
      source: options.source,
      clock,
      log: this.sentFrames,
      firstFrameNumber: options.firstFrameNumber ?? 0,
    });
    this.#rtsp = new RtspServer({
      ...options.rtspAccess,
      name: options.identity.name,
      source: options.source,
      broadcast: this.#broadcast,
      clock,
      sessionTimeoutSeconds: options.sessionTimeoutSeconds ?? 60,
      maximumQueuedBytes: options.maximumQueuedBytes ?? defaultMaximumQueuedBytes,
      authenticate: (attempt) => this.#guards.checkRtsp(attempt),
    });
    this.#onvif = new OnvifServer({
      facts: () => this.#facts(),
      clock,
      authenticate: (attempt) => this.#guards.checkHttp(attempt),
      acceptsToken: (token) => this.#guards.acceptsToken(token),
    });
    this.#discovery = new DiscoveryResponder({
      facts: () => ({
        endpoint: `urn:uuid:${options.identity.endpointUuid}`,
        scopes: scopesOf(this.#facts()),
        deviceUrl: this.info.deviceUrl,
      }),
      clock,
      maximumDelayMs: options.maximumProbeDelayMs ?? 500,
    });
    this.faults = this.#createFaults();
  }

  /** Addresses are final once the camera has started; ports given as 0 are known then. */
  /** What it shows, over and over. */
  get clip(): Clip {
    return this.#options.source.clip;
  }

  get info(): SimCameraInfo {
    const { identity, source } = this.#options;
    const http = `http://${this.#address}:${this.#ports.http}`;
    const scheme = this.#options.rtspAccess?.tls === undefined ? 'rtsp' : 'rtsps';
    const rtsp = `${scheme}://${this.#address}:${this.#ports.rtsp}`;
    return {
      identity,
      sceneId: source.clip.sceneId,
      address: this.#address,
      hasAudio: source.audio !== undefined,
      deviceUrl: `${http}${onvifPaths.device}`,
      snapshotUrl: `${http}${onvifPaths.snapshot}`,
      mainUrl: `${rtsp}/main`,
      subUrl: `${rtsp}/sub`,
    };
  }

  /** Open RTSP connections, and how many viewers were disconnected because they read too slowly. */
  get viewers(): { readonly connected: number; readonly disconnectedAsSlow: number } {
    return { connected: this.#rtsp.connectionCount, disconnectedAsSlow: this.#rtsp.slowViewerCount };
  }

  /** What viewers reported of their reception, and what the network did to packets over UDP. */
  get reception(): { readonly reports: readonly ReceiverReport[]; readonly network: NetworkCounters } {
    return { reports: this.#rtsp.receiverReports, network: this.#rtsp.network };
  }

  /** Listens and says Hello. Rejects with the system's error, such as EADDRINUSE, and leaves nothing open then. */
  start(): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#condition !== 'off') return;
      this.#stopping = new AbortController();
      this.#broadcast.start();
      try {
        await this.#open();
      } catch (error) {
        this.#broadcast.stop();
        throw error;
      }
      this.#setServices('normal');
    });
  }

  /** Says Bye and closes everything. */
  stop(): Promise<void> {
    this.#stopping.abort();
    return this.#enqueue(async () => {
      await this.#close({ farewell: this.#condition !== 'dropped' });
      this.#broadcast.stop();
      this.#condition = 'off';
    });
  }

  #createFaults(): CameraFaults {
    const condition = (): CameraCondition => this.#condition;
    return {
      get condition() {
        return condition();
      },
      drop: () =>
        this.#enqueue(async () => {
          this.#requireOn();
          this.#setServices('dropped');
          await this.#close({ farewell: false });
        }),
      stall: () => this.#enqueue(() => this.#serveAs('stalled')),
      rejectCredentials: () => this.#enqueue(() => this.#serveAs('refusing')),
      garbage: () => this.#enqueue(() => this.#serveAs('garbage')),
      clear: () => this.#enqueue(() => this.#serveAs('normal')),
      reboot: (downMs) => this.#enqueue(() => this.#reboot(downMs)),
      changeAddress: (address) => this.#enqueue(() => this.#move(address)),
    };
  }

  async #serveAs(condition: 'normal' | 'stalled' | 'refusing' | 'garbage'): Promise<void> {
    this.#requireOn();
    if (this.#condition === 'dropped') await this.#open();
    this.#setServices(condition);
  }

  async #reboot(downMs: number): Promise<void> {
    this.#requireOn();
    this.#setServices('rebooting');
    await this.#close({ farewell: false });
    this.#broadcast.stop();
    await this.#wait(downMs);
    this.#broadcast.start();
    await this.#open();
    this.#setServices('normal');
  }

  async #move(address: string): Promise<void> {
    const reachable = this.#condition !== 'off' && this.#condition !== 'dropped';
    if (reachable) await this.#close({ farewell: true });
    this.#address = address;
    if (reachable) await this.#open();
  }

  #requireOn(): void {
    if (this.#condition === 'off') throw new Error('The camera is off.');
  }

  async #wait(durationMs: number): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => {
      resolve(undefined);
    };
    const cancel = this.#clock.schedule(durationMs, wake);
    signal.addEventListener('abort', wake, { once: true });
    await promise;
    signal.removeEventListener('abort', wake);
    cancel();
  }

  #setServices(condition: Exclude<CameraCondition, 'off'>): void {
    this.#condition = condition;
    const mode: ServiceMode = condition === 'stalled' || condition === 'garbage' ? condition : 'normal';
    this.#broadcast.setPaused(mode !== 'normal');
    this.#rtsp.setMode(mode);
    this.#onvif.setMode(mode);
    this.#discovery.setSilent(mode === 'stalled');
    this.#guards.refusing = condition === 'refusing';
  }

  async #open(): Promise<void> {
    this.#boots += 1;
    try {
      const rtsp = await this.#rtsp.start(this.#address, this.#ports.rtsp);
      const http = await this.#onvif.start(this.#address, this.#ports.http);
      this.#ports = { rtsp, http };
      await this.#discovery.start(this.#address, this.#boots);
    } catch (error) {
      await this.#close({ farewell: false });
      throw error;
    }
  }

  async #close(options: { readonly farewell: boolean }): Promise<void> {
    await this.#discovery.stop(options);
    await Promise.all([this.#rtsp.stop(), this.#onvif.stop()]);
  }

  #enqueue(act: () => Promise<void>): Promise<void> {
    const done = this.#transition.then(act);
    // A failed transition is reported to its caller and must not block the next.
    this.#transition = done.catch(() => undefined);
    return done;
  }

  #facts(): OnvifFacts {
    const { identity, source } = this.#options;
    const { deviceUrl, snapshotUrl, mainUrl, subUrl } = this.info;
    const mediaUrl = `http://${this.#address}:${this.#ports.http}${onvifPaths.media}`;
    return { ...identity, clip: source.clip, deviceUrl, mediaUrl, snapshotUrl, mainUrl, subUrl };
  }
}
