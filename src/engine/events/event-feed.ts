import { randomUUID } from 'node:crypto';
import type { Clock } from '../../shared/domain/clock.ts';
import { liveCloseCodes } from '../../shared/engine-api/index.ts';
import type {
  EngineEvent,
  EngineState,
  EngineStatus,
  EventMessage,
  Gap,
} from '../../shared/engine-api/index.ts';
import { EventListener } from './event-listener.ts';
import type { ListenerSink } from './event-listener.ts';
import { stateChanges } from './state-changes.ts';

export interface FeedLimits {
  readonly periodMs: number;
  /** Events kept for listeners that return. */
  readonly keptEvents: number;
  /** Without a listener for this long, nothing is compared or kept any more. */
  readonly idleAfterMs: number;
  readonly maximumListeners: number;
  readonly maximumQueuedBytes: number;
  readonly tooSlowAfterMs: number;
}

export const defaultFeedLimits: FeedLimits = {
  periodMs: 500,
  keptEvents: 2_000,
  idleAfterMs: 120_000,
  maximumListeners: 64,
  maximumQueuedBytes: 1024 ** 2,
  tooSlowAfterMs: 30_000,
};

export interface EventFeedOptions {
  /** The engine's state as it is now. */
  readonly status: () => Pick<EngineStatus, 'configVersion' | 'cameras' | 'volumes'>;
  readonly clock: Clock;
  readonly limits?: Partial<FeedLimits>;
}

export interface ResumePoint {
  readonly epoch: string;
  readonly after: number;
}

export type ListenerAdmission =
  | { readonly kind: 'opened'; readonly session: Disposable }
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string };

export interface FeedStatus {
  readonly listeners: number;
  /** How often a listener was so slow that it got a snapshot instead of what it missed. */
  readonly listenersFellBehind: number;
}

type NumberedEvent = Extract<EventMessage, { kind: 'event' }>;

/** What is compared, while somebody listens or may return. */
interface Watch {
  readonly timer: Disposable;
  told: EngineState;
  lastListenerMonotonicMs: number;
}

/**
 * Tells listeners what changes. Twice a second the engine's state is compared with what was told: snapshots and events come
 * from the same state and cannot disagree, and no part of the engine has to remember to announce anything. Gaps, which no
 * state shows once they are closed, are announced.
 */
export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #limits: FeedLimits;
  #epoch: string = randomUUID();
  #sequence = 0;
  #kept: NumberedEvent[] = [];
  #watch: Watch | undefined;
  #fellBehind = 0;
  readonly #listeners = new Set<EventListener>();

  constructor(options: EventFeedOptions) {
    this.#options = options;
    this.#limits = { ...defaultFeedLimits, ...options.limits };
  }

  listen(resume: ResumePoint | undefined, sink: ListenerSink): ListenerAdmission {
    const { maximumListeners } = this.#limits;
    if (this.#listeners.size >= maximumListeners) {
      const reason = `This engine has ${maximumListeners} listeners at most.`;
      return { kind: 'refused', code: liveCloseCodes.tooManyViewers, reason };
    }
    const watch = (this.#watch ??= this.#beginWatch());
    this.#compare(watch);
    const listener = new EventListener(sink, this.#limits);
    this.#listeners.add(listener);
    const missed = resume === undefined ? undefined : this.#eventsAfter(resume);
    if (missed === undefined) listener.send(this.#snapshot(watch));
    else {
      listener.send({ kind: 'resumed', epoch: this.#epoch, sequence: this.#sequence - missed.length });
      for (const event of missed) listener.send(event);
    }
    return { kind: 'opened', session: { [Symbol.dispose]: () => void this.#listeners.delete(listener) } };
  }

  gapOpened(gap: Gap): void {
    this.#announce({ kind: 'gap-opened', gap });
  }

  gapClosed(gap: Gap): void {
    this.#announce({ kind: 'gap-closed', gap });
  }

  gapRemoved(id: number): void {
    this.#announce({ kind: 'gap-removed', id });
  }

  status(): FeedStatus {
    return { listeners: this.#listeners.size, listenersFellBehind: this.#fellBehind };
  }

  stop(): void {
    this.#watch?.timer[Symbol.dispose]();
    this.#watch = undefined;
    this.#listeners.clear();
  }

  #beginWatch(): Watch {
    const { clock } = this.#options;
    return {
      timer: clock.every(this.#limits.periodMs, () => this.#onTick()),
      told: this.#state(),
      lastListenerMonotonicMs: clock.monotonicMs(),
    };
  }

  #onTick(): void {
    const watch = this.#watch;
    if (watch === undefined) return;
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#listeners.size > 0) watch.lastListenerMonotonicMs = nowMs;
    if (nowMs - watch.lastListenerMonotonicMs >= this.#limits.idleAfterMs) {
      this.#rest(watch);
      return;
    }
    this.#compare(watch);
    for (const listener of this.#listeners) this.#offer(listener);
  }

  /** What changes meanwhile goes unnoticed: who returns later needs a snapshot, which another epoch gives. */
  #rest(watch: Watch): void {
    watch.timer[Symbol.dispose]();
    this.#watch = undefined;
    this.#kept = [];
    this.#sequence = 0;
    this.#epoch = randomUUID();
  }

  #compare(watch: Watch): void {
    const state = this.#state();
    const events = stateChanges(watch.told, state);
    watch.told = state;
    for (const event of events) this.#tell(event);
  }

  #announce(event: EngineEvent): void {
    if (this.#watch !== undefined) this.#tell(event);
  }

  #tell(event: EngineEvent): void {
    this.#sequence += 1;
    const { clock } = this.#options;
    const numbered: NumberedEvent = { kind: 'event', sequence: this.#sequence, utcMs: clock.utcMs(), event };
    this.#kept.push(numbered);
    if (this.#kept.length > this.#limits.keptEvents) this.#kept.shift();
    for (const listener of this.#listeners) this.#offer(listener, numbered);
  }

  /** A listener that was behind gets a snapshot, in which the event is included, as soon as it has caught up. */
  #offer(listener: EventListener, event?: NumberedEvent): void {
    switch (listener.pace(this.#options.clock.monotonicMs())) {
      case 'current':
        if (event !== undefined) listener.send(event);
        return;
      case 'behind':
        return;
      case 'caught-up':
        this.#fellBehind += 1;
        if (this.#watch !== undefined) listener.send(this.#snapshot(this.#watch));
        return;
      case 'too-slow':
        this.#dismiss(listener);
        return;
    }
  }

  #dismiss(listener: EventListener): void {
    this.#listeners.delete(listener);
    listener.sink.close(liveCloseCodes.tooSlow, 'The connection is too slow for the events.');
  }

  /** Undefined when some of them are not kept any more. */
  #eventsAfter({ epoch, after }: ResumePoint): readonly NumberedEvent[] | undefined {
    if (epoch !== this.#epoch || after > this.#sequence) return undefined;
    const missedCount = this.#sequence - after;
    return missedCount > this.#kept.length ? undefined : this.#kept.slice(this.#kept.length - missedCount);
  }

  #snapshot({ told }: Watch): EventMessage {
    return {
      kind: 'snapshot',
      epoch: this.#epoch,
      sequence: this.#sequence,
      utcMs: this.#options.clock.utcMs(),
      state: told,
    };
  }

  #state(): EngineState {
    const { configVersion, cameras, volumes } = this.#options.status();
    return {
      configVersion,
      cameras: cameras.map(({ id, recording, main, sub }) => ({
        id,
        recording,
        main: main.state,
        ...(sub === undefined ? {} : { sub: sub.state }),
      })),
      volumes: volumes.map(({ name, state }) => ({ name, state })),
    };
  }
}
