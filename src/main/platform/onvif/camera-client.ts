import type { z } from 'zod';
import type { CameraProfile } from '../../../shared/contract/index.ts';
import { RtspUrl, type Credentials } from '../../../shared/engine-api/index.ts';
import type { DeskError } from '../../failure.ts';
import type { Clock } from '../ports.ts';
import {
  Capabilities,
  DeviceInformation,
  Profiles,
  Services,
  SnapshotUri,
  StreamUri,
  SystemDateAndTime,
  type MediaProfile,
} from './answers.ts';
import { askCameraWithDigest } from './camera-http.ts';
import { NotAllowed, SoapFault, failureOf, garbage } from './camera-failure.ts';
import { strongestChallenge } from './digest.ts';
import { hostOf, isHost, isHttpUrlOf } from './service-address.ts';
import { isRefusal, readSoap, soapEnvelope, usernameToken } from './soap.ts';
import { XmlError, escapeXml } from './xml.ts';

export interface CameraTarget {
  /** What to call it in messages: its name or address. */
  readonly label: string;
  /** Its ONVIF device service. Nothing but this host is ever asked. */
  readonly serviceUrl: string;
  readonly credentials?: Credentials | undefined;
}

/** What a camera told us. Profiles in its own order, at least one. */
export interface CameraDescription {
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
  readonly serialNumber: string;
  readonly profiles: readonly CameraProfile[];
  /** JPEG of at most 256 KiB, when the camera gives one. */
  readonly thumbnail?: Buffer;
}

/** Asks a camera over ONVIF. Fails with `credentials-refused`, `camera-garbage`, `unreachable`, `timed-out` or `cancelled`. */
export interface CameraInterviewer {
  describe(target: CameraTarget, signal: AbortSignal): Promise<CameraDescription>;
}

const exchangeTimeoutMs = 5000;
/** Some cameras take a second for each profile. */
const interviewTimeoutMs = 30_000;
const maximumSoapBytes = 1024 * 1024;
const maximumSnapshotBytes = 256 * 1024;
const mediaNamespace = 'http://www.onvif.org/ver10/media/wsdl';

export function createCameraInterviewer(clock: Clock): CameraInterviewer {
  return {
    async describe(target, signal) {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(interviewTimeoutMs)]);
      try {
        return await new Interview(target, { clock, signal: deadline }).describe();
      } catch (error) {
        throw failureOf(error, target.label, signal);
      }
    },
  };
}

class Interview {
  readonly #target: CameraTarget;
  readonly #serviceUrl: URL;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  /** Camera's clock minus ours, ms. */
  #clockOffsetMs = 0;
  /** Whether the camera wants credentials in the SOAP header. Learned from its first refusal, so that none is sent in vain. */
  #usesToken = false;

  constructor(target: CameraTarget, context: { readonly clock: Clock; readonly signal: AbortSignal }) {
    this.#target = target;
    this.#serviceUrl = new URL(target.serviceUrl);
    this.#clock = context.clock;
    this.#signal = context.signal;
  }

  async describe(): Promise<CameraDescription> {
    await this.#readClock();
    const device = await this.#call(this.#serviceUrl, '<tds:GetDeviceInformation/>', DeviceInformation);
    const { Manufacturer, Model, FirmwareVersion, SerialNumber } = device.GetDeviceInformationResponse;
    const mediaUrl = await this.#findMediaService();
    const { GetProfilesResponse } = await this.#call(mediaUrl, '<trt:GetProfiles/>', Profiles);
    const profiles = await this.#readProfiles(mediaUrl, GetProfilesResponse.Profiles);
    const thumbnail = await this.#takeSnapshot(mediaUrl, profiles);
    return {
      manufacturer: Manufacturer,
      model: Model,
      firmware: FirmwareVersion,
      serialNumber: SerialNumber,
      profiles,
      ...(thumbnail && { thumbnail }),
    };
  }

  /** Needs no credentials (ONVIF Core §5.9.1). A camera that does not answer this well may still answer the rest. */
  async #readClock(): Promise<void> {
    try {
      const answer = await this.#call(this.#serviceUrl, '<tds:GetSystemDateAndTime/>', SystemDateAndTime);
      const utc = answer.GetSystemDateAndTimeResponse.SystemDateAndTime.UTCDateTime;
      if (!utc) return;
      const { Year, Month, Day } = utc.Date;
      const { Hour, Minute, Second } = utc.Time;
      const cameraUtcMs = Date.UTC(Year, Month - 1, Day, Hour, Minute, Second);
      if (Number.isFinite(cameraUtcMs)) this.#clockOffsetMs = cameraUtcMs - this.#clock.utcMs();
    } catch (error) {
      if (!(error instanceof SoapFault) && !(error instanceof NotAllowed)) throw error;
    }
  }

  async #findMediaService(): Promise<URL> {
    let announced: string | undefined;
    try {
      const services = await this.#call(
        this.#serviceUrl,
        '<tds:GetServices><tds:IncludeCapability>false</tds:IncludeCapability></tds:GetServices>',
        Services,
      );
      announced = services.GetServicesResponse.Service.find(
        ({ Namespace }) => Namespace.trim() === mediaNamespace,
      )?.XAddr;
    } catch (error) {
      if (!(error instanceof SoapFault)) throw error;
    }
    if (announced === undefined) {
      const answer = await this.#call(
        this.#serviceUrl,
        '<tds:GetCapabilities><tds:Category>All</tds:Category></tds:GetCapabilities>',
        Capabilities,
      );
      announced = answer.GetCapabilitiesResponse.Capabilities.Media?.XAddr;
    }
    if (announced === undefined) throw garbage(this.#target.label, 'it names no media service');
    return this.#ownUrl(announced.trim(), 'media service');
  }

  async #readProfiles(mediaUrl: URL, listed: readonly MediaProfile[]): Promise<readonly CameraProfile[]> {
    const profiles: CameraProfile[] = [];
    let foreign: DeskError | undefined;
    for (const profile of listed) {
      const encoder = profile.VideoEncoderConfiguration;
      if (!encoder) continue;
      const { GetStreamUriResponse } = await this.#call(
        mediaUrl,
        '<trt:GetStreamUri><trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream>' +
          '<tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport></trt:StreamSetup>' +
          `<trt:ProfileToken>${escapeXml(profile['@token'])}</trt:ProfileToken></trt:GetStreamUri>`,
        StreamUri,
      );
      const streamUri = this.#ownStreamUri(GetStreamUriResponse.MediaUri.Uri.trim());
      if (typeof streamUri !== 'string') {
        foreign ??= streamUri;
        continue;
      }
      const { FrameRateLimit, BitrateLimit } = encoder.RateControl ?? {};
      const audio = profile.AudioEncoderConfiguration?.Encoding.trim().slice(0, 32);
      profiles.push({
        token: profile['@token'],
        name: profile.Name || profile['@token'],
        encoding: encoder.Encoding.trim().slice(0, 32),
        width: Math.trunc(encoder.Resolution?.Width ?? 0),
        height: Math.trunc(encoder.Resolution?.Height ?? 0),
        ...(FrameRateLimit !== undefined && { framesPerSecond: FrameRateLimit }),
        ...(BitrateLimit !== undefined && { bitrateKbps: BitrateLimit }),
        ...(audio && { audioEncoding: audio }),
        streamUri,
      });
    }
    if (profiles.length === 0) throw foreign ?? garbage(this.#target.label, 'it lists no video profile');
    return profiles;
  }

  /** Of the smallest profile. A camera without a picture is still a camera, so nothing that goes wrong here matters. */
  async #takeSnapshot(mediaUrl: URL, profiles: readonly CameraProfile[]): Promise<Buffer | undefined> {
    const smallest = profiles.toSorted((a, b) => a.width * a.height - b.width * b.height)[0];
    if (!smallest) return undefined;
    try {
      const { GetSnapshotUriResponse } = await this.#call(
        mediaUrl,
        `<trt:GetSnapshotUri><trt:ProfileToken>${escapeXml(smallest.token)}</trt:ProfileToken></trt:GetSnapshotUri>`,
        SnapshotUri,
      );
      const url = this.#ownUrl(GetSnapshotUriResponse.MediaUri.Uri.trim(), 'snapshot');
      const { status, body } = await askCameraWithDigest(
        { method: 'GET', url, maximumBytes: maximumSnapshotBytes, timeoutMs: exchangeTimeoutMs },
        this.#target.credentials,
        this.#signal,
      );
      // JPEG starts with SOI and another marker, ITU-T T.81 §B.1.1.3.
      const isJpeg = status === 200 && body[0] === 0xff && body[1] === 0xd8 && body[2] === 0xff;
      return isJpeg ? body : undefined;
    } catch {
      this.#signal.throwIfAborted();
      return undefined;
    }
  }

  #ownUrl(text: string, what: string): URL {
    if (!isHttpUrlOf(text, hostOf(this.#serviceUrl))) {
      throw garbage(this.#target.label, `its ${what} is said to be on another host, which is refused`);
    }
    return new URL(text);
  }

  #ownStreamUri(text: string): string | DeskError {
    const url = URL.parse(text);
    if (url === null || !isHost(url, hostOf(this.#serviceUrl))) {
      return garbage(this.#target.label, 'its video stream is said to be on another host, which is refused');
    }
    url.username = '';
    url.password = '';
    const uri = RtspUrl.safeParse(url.toString());
    return uri.success ? uri.data : garbage(this.#target.label, 'its stream address is not an RTSP address');
  }

  async #call<S extends z.ZodType>(url: URL, body: string, schema: S): Promise<z.output<S>> {
    const answer = await this.#exchange(url, body);
    const parsed = schema.safeParse(answer);
    if (!parsed.success) throw new XmlError('elements that ONVIF demands are missing from its answer');
    return parsed.data;
  }

  async #exchange(url: URL, body: string): Promise<unknown> {
    const credentials = this.#target.credentials;
    const header =
      this.#usesToken && credentials
        ? usernameToken(credentials, this.#clock.utcMs() + this.#clockOffsetMs)
        : '';
    const answer = await askCameraWithDigest(
      {
        method: 'POST',
        url,
        headers: { 'content-type': 'application/soap+xml; charset=utf-8' },
        body: soapEnvelope(body, header),
        maximumBytes: maximumSoapBytes,
        timeoutMs: exchangeTimeoutMs,
      },
      credentials,
      this.#signal,
    );
    const isForbidden = answer.status === 401 || answer.status === 403;
    const outcome = isForbidden ? undefined : readSoap(answer.body.toString('utf8'));
    if (outcome?.kind === 'answer') return outcome.body;
    if (outcome && !isRefusal(outcome)) throw new SoapFault(outcome.reason || outcome.codes.join(' '));
    // With a digest challenge the credentials were sent and refused. Without one the camera wants them in the SOAP header.
    if (!credentials || this.#usesToken || strongestChallenge(answer.challenges)) throw new NotAllowed();
    this.#usesToken = true;
    return this.#exchange(url, body);
  }
}
