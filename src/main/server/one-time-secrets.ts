import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../platform/ports.ts';

/** 256 bits in base64url: 43 characters. */
const secretByteLength = 32;

export interface OneTimeSecretsOptions {
  readonly clock: Clock;
  readonly lifetimeMs: number;
  /** Beyond it the oldest is forgotten. */
  readonly maximum: number;
}

/**
 * Random words that each stand for a value once, for a short time. Only their SHA-256 is kept, and found by it: what the
 * comparison takes tells nothing about a secret, because nobody can steer the digest of a guess.
 */
export class OneTimeSecrets<T> {
  readonly #options: OneTimeSecretsOptions;
  readonly #entries = new Map<string, { readonly value: T; readonly expiresMonotonicMs: number }>();

  constructor(options: OneTimeSecretsOptions) {
    this.#options = options;
  }

  issue(value: T): string {
    const { clock, lifetimeMs, maximum } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const [digest, entry] of this.#entries)
      if (entry.expiresMonotonicMs <= nowMs || this.#entries.size >= maximum) this.#entries.delete(digest);
    const secret = randomSecret();
    this.#entries.set(digestOf(secret), { value, expiresMonotonicMs: nowMs + lifetimeMs });
    return secret;
  }

  /** The value, the first time and in time; undefined otherwise. */
  redeem(secret: string): T | undefined {
    const digest = digestOf(secret);
    const entry = this.#entries.get(digest);
    this.#entries.delete(digest);
    return entry !== undefined && entry.expiresMonotonicMs > this.#options.clock.monotonicMs()
      ? entry.value
      : undefined;
  }
}

/** The bearer tokens of open windows: in memory only, a bounded number, the one longest unused forgotten first. */
export class SessionTokens {
  readonly #digests = new Set<string>();
  readonly #maximum: number;

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  issue(): string {
    for (const oldest of this.#digests) {
      if (this.#digests.size < this.#maximum) break;
      this.#digests.delete(oldest);
    }
    const token = randomSecret();
    this.#digests.add(digestOf(token));
    return token;
  }

  verify(token: string): boolean {
    const digest = digestOf(token);
    // Taken out and put in again: a Set keeps the order of insertion.
    if (!this.#digests.delete(digest)) return false;
    this.#digests.add(digest);
    return true;
  }
}

function randomSecret(): string {
  return randomBytes(secretByteLength).toString('base64url');
}

function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}
