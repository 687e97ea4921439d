/** The three ways a camera checks passwords, with one switch that refuses them all. */

import {
  DigestGuard,
  type Credentials,
  type DigestAlgorithm,
  type DigestAttempt,
  type DigestVerdict,
} from '../auth/digest.ts';
import type { SimClock } from '../clock.ts';
import type { UsernameToken } from '../onvif/soap.ts';
import { UsernameTokenGuard } from '../onvif/username-token.ts';

export interface GuardOptions {
  readonly credentials: Credentials;
  readonly realm: string;
  readonly clock: SimClock;
  readonly rtspAlgorithms: readonly DigestAlgorithm[];
}

/** Connections to RTSP last; their nonces do too. */
const rtspNonceLifetimeMs = 24 * 60 * 60 * 1000;
const httpNonceLifetimeMs = 5 * 60 * 1000;

export class CameraGuards {
  readonly #rtsp: DigestGuard;
  readonly #http: DigestGuard;
  readonly #tokens: UsernameTokenGuard;
  /** While true, right credentials are refused like wrong ones. */
  refusing = false;

  constructor({ credentials, realm, clock, rtspAlgorithms }: GuardOptions) {
    const common = { credentials, realm, clock };
    this.#rtsp = new DigestGuard({
      ...common,
      algorithms: rtspAlgorithms,
      qualityOfProtection: false,
      nonceLifetimeMs: rtspNonceLifetimeMs,
    });
    this.#http = new DigestGuard({
      ...common,
      algorithms: ['MD5'],
      qualityOfProtection: true,
      nonceLifetimeMs: httpNonceLifetimeMs,
    });
    this.#tokens = new UsernameTokenGuard(credentials, clock);
  }

  checkRtsp(attempt: DigestAttempt): DigestVerdict {
    return this.#rtsp.check(this.#judged(attempt));
  }

  checkHttp(attempt: DigestAttempt): DigestVerdict {
    return this.#http.check(this.#judged(attempt));
  }

  acceptsToken(token: UsernameToken): boolean {
    return !this.refusing && this.#tokens.accepts(token);
  }

  #judged(attempt: DigestAttempt): DigestAttempt {
    return this.refusing ? { ...attempt, authorization: undefined } : attempt;
  }
}
