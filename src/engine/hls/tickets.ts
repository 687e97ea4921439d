import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../shared/domain/clock.ts';
import type { CameraId, StreamName } from '../../shared/engine-api/index.ts';

/** What a ticket is good for, and nothing else. */
export interface TicketPurpose {
  readonly cameraId: CameraId;
  readonly stream: StreamName;
  /** The token that asked for it: the ticket is worth as much. */
  readonly tokenId: string;
}

const limits = {
  tickets: 256,
  /** A ticket that is not used for this long is void; players ask every few seconds. */
  idleMs: 60_000,
  lifetimeMs: 12 * 3_600_000,
} as const;

interface Entry {
  readonly purpose: TicketPurpose;
  readonly endMonotonicMs: number;
  lastUsedMonotonicMs: number;
}

export interface IssuedTicket {
  /** 43 characters of base64url. Only its hash is kept. */
  readonly ticket: string;
  readonly idleMs: number;
  readonly lifetimeMs: number;
}

/**
 * Tickets for players that cannot send a header with a token: a secret in the path, for one stream, void a minute after its
 * last use. In memory only.
 */
export class HlsTickets {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined when there are too many in use. */
  issue(purpose: TicketPurpose): IssuedTicket | undefined {
    this.#forgetVoid();
    if (this.#entries.size >= limits.tickets) return undefined;
    const ticket = randomBytes(32).toString('base64url');
    const nowMs = this.#clock.monotonicMs();
    this.#entries.set(digest(ticket), {
      purpose,
      endMonotonicMs: nowMs + limits.lifetimeMs,
      lastUsedMonotonicMs: nowMs,
    });
    return { ticket, idleMs: limits.idleMs, lifetimeMs: limits.lifetimeMs };
  }

  /** What a ticket is good for now; undefined when it is void or none. */
  use(ticket: string): TicketPurpose | undefined {
    this.#forgetVoid();
    const entry = this.#entries.get(digest(ticket));
    if (entry === undefined) return undefined;
    entry.lastUsedMonotonicMs = this.#clock.monotonicMs();
    return entry.purpose;
  }

  #forgetVoid(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, { endMonotonicMs, lastUsedMonotonicMs }] of this.#entries) {
      if (nowMs >= endMonotonicMs || nowMs - lastUsedMonotonicMs >= limits.idleMs) this.#entries.delete(key);
    }
  }
}

/** Looking a hash up takes a time that says nothing about the tickets there are. */
function digest(ticket: string): string {
  return createHash('sha256').update(ticket).digest('base64');
}
