/** The web server of one camera: ONVIF device and media service, and the snapshot. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { DigestAttempt, DigestVerdict } from '../auth/digest.ts';
import type { SimClock } from '../clock.ts';
import type { ServiceMode } from '../service-mode.ts';
import { answerDeviceRequest } from './device-service.ts';
import type { OnvifFacts } from './facts.ts';
import { answerMediaRequest } from './media-service.ts';
import {
  formatEnvelope,
  formatFault,
  parseSoapRequest,
  type SoapFault,
  type SoapRequest,
  type UsernameToken,
} from './soap.ts';
import { maximumXmlBytes, XmlError } from './xml.ts';

export const onvifPaths = {
  device: '/onvif/device_service',
  media: '/onvif/media_service',
  snapshot: '/onvif/snapshot.jpg',
} as const;

export interface OnvifServerOptions {
  /** Current facts; the URLs change with the camera's address. */
  readonly facts: () => OnvifFacts;
  readonly clock: SimClock;
  readonly authenticate: (attempt: DigestAttempt) => DigestVerdict;
  readonly acceptsToken: (token: UsernameToken) => boolean;
}

/** Operations that need no credentials (ONVIF Core §5.9.3, access class PRE_AUTH). */
const openOperations = new Set(['GetSystemDateAndTime', 'GetCapabilities', 'GetServices']);
const notAuthorized: SoapFault = {
  code: 'Sender',
  subcode: 'NotAuthorized',
  reason: 'The sender is not authorized.',
};
const maximumConnections = 64;
const requestTimeoutMs = 10_000;

export class OnvifServer {
  readonly #options: OnvifServerOptions;
  #listener: Server | undefined;
  #mode: ServiceMode = 'normal';

  constructor(options: OnvifServerOptions) {
    this.#options = options;
  }

  /** Listens and returns the port, which is the given one unless that is 0. Rejects with the system's error, such as EADDRINUSE. */
  async start(address: string, port: number): Promise<number> {
    const listener = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
      this.#serve(request, response).catch(() => request.socket.destroy());
    });
    listener.maxConnections = maximumConnections;
    listener.listen(port, address);
    await once(listener, 'listening');
    this.#listener = listener;
    const bound: AddressInfo | string | null = listener.address();
    return typeof bound === 'object' && bound !== null ? bound.port : port;
  }

  /** Stops listening and closes every connection. */
  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    if (listener === undefined) return;
    const closed = once(listener, 'close');
    listener.close();
    listener.closeAllConnections();
    await closed;
  }

  setMode(mode: ServiceMode): void {
    this.#mode = mode;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    switch (this.#mode) {
      case 'stalled':
        // The connection stays open without an answer until the client gives up or the camera stops.
        request.resume();
        return;
      case 'garbage':
        request.socket.end(randomBytes(512));
        return;
      case 'normal':
        break;
    }
    const path = (request.url ?? '').split('?')[0];
    if (request.method === 'GET' && path === onvifPaths.snapshot) this.#sendSnapshot(request, response);
    else if (request.method === 'POST' && (path === onvifPaths.device || path === onvifPaths.media)) {
      await this.#answer(request, response);
    } else response.writeHead(404).end();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (body === undefined) {
      response.writeHead(413, { connection: 'close' }).end();
      return;
    }
    const soap = parseOrUndefined(body);
    if (soap === undefined) {
      sendSoap(
        response,
        400,
        formatFault({ code: 'Sender', subcode: 'WellFormed', reason: 'Malformed request.' }),
      );
      return;
    }
    if (!openOperations.has(soap.operation) && !this.#authorize(soap, request, response)) return;
    const answer =
      answerDeviceRequest(soap.operation, this.#options.facts(), this.#options.clock) ??
      answerMediaRequest(soap.operation, soap.content, this.#options.facts());
    if (answer === undefined) {
      const reason = `The camera does not know ${soap.operation}.`;
      sendSoap(response, 500, formatFault({ code: 'Receiver', subcode: 'ActionNotSupported', reason }));
    } else if (typeof answer === 'string') sendSoap(response, 200, formatEnvelope(answer));
    else sendSoap(response, 400, formatFault(answer));
  }

  /** A token is judged alone; without one, HTTP Digest decides and its challenge is offered. Sends the refusal itself. */
  #authorize(soap: SoapRequest, request: IncomingMessage, response: ServerResponse): boolean {
    if (soap.token !== undefined) {
      const accepted = soap.token !== 'unusable' && this.#options.acceptsToken(soap.token);
      if (!accepted) sendSoap(response, 400, formatFault(notAuthorized));
      return accepted;
    }
    const verdict = this.#options.authenticate(attemptOf(request));
    if (verdict.kind === 'accepted') return true;
    response.setHeader('WWW-Authenticate', [...verdict.challenges]);
    sendSoap(response, 401, formatFault(notAuthorized));
    return false;
  }

  #sendSnapshot(request: IncomingMessage, response: ServerResponse): void {
    const verdict = this.#options.authenticate(attemptOf(request));
    if (verdict.kind === 'refused') {
      response.setHeader('WWW-Authenticate', [...verdict.challenges]);
      response.writeHead(401).end();
      return;
    }
    const { snapshotJpeg } = this.#options.facts().clip;
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': snapshotJpeg.length });
    response.end(snapshotJpeg);
  }
}

function attemptOf(request: IncomingMessage): DigestAttempt {
  return { method: request.method ?? '', authorization: request.headers.authorization };
}

function parseOrUndefined(body: string): SoapRequest | undefined {
  try {
    return parseSoapRequest(body);
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}

/** The body as text; undefined when it is longer than a camera reads. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.length;
    if (length > maximumXmlBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString('utf8');
}

function sendSoap(response: ServerResponse, status: number, envelope: string): void {
  const body = Buffer.from(envelope);
  response.writeHead(status, {
    'content-type': 'application/soap+xml; charset=utf-8',
    'content-length': body.length,
  });
  response.end(body);
}
