import type { Clock } from '../../shared/domain/clock.ts';
import { LatencyHistogram } from './latency-histogram.ts';

export interface GuardLimits {
  /**
   * Operations handed to the system at once. Each takes a thread of libuv's pool until it is answered, and one that hangs keeps
   * it: all volumes together must leave threads for everything else (`maximumVolumes`, `sizeThreadPool`).
   */
  readonly maximumOperations: number;
  /** Operations that wait for their turn; beyond it they are refused. */
  readonly maximumWaiting: number;
  /** A volume that has not answered an operation for this long is hung. */
  readonly hangAfterMs: number;
}

export const defaultGuardLimits: GuardLimits = {
  maximumOperations: 3,
  maximumWaiting: 4096,
  hangAfterMs: 5000,
};

/** A timer that rings later than this tells of a busy process, not of a slow volume. */
const timerToleranceMs = 250;

/** The operation was refused or given up because the volume does not answer. */
export class VolumeHangError extends Error {
  readonly code = 'EHUNG';

  constructor() {
    super('The volume does not answer.');
    this.name = 'VolumeHangError';
  }
}

export interface GuardEvents {
  /** Whether to keep waiting for a volume that hangs, because there is nowhere else to go. */
  shouldWait(): boolean;
  /** An operation is overdue. Nothing new is begun until the volume answers. */
  onHang(): void;
  /** The volume answers again: everything overdue was answered, or a probe was. */
  onAnswer(): void;
}

export interface OperationOptions<Value> {
  /** Counted as waiting until the system is done with them. */
  readonly byteLength?: number;
  /** Whether its duration belongs to the write latency. */
  readonly isWrite?: boolean;
  /** Whether it is worth waiting for while the volume hangs and there is nowhere else to go; otherwise it is given up. */
  readonly isPatient?: boolean;
  /** The system is done, whether in time or not, or the operation was never begun: its memory may be used again. */
  readonly onSettled?: () => void;
  /** It succeeded after its caller was told that it had not: what it made is to be undone. */
  readonly onLateValue?: (value: Value) => void;
}

interface Operation {
  readonly byteLength: number;
  readonly isWrite: boolean;
  readonly isPatient: boolean;
  readonly begin: () => void;
  readonly giveUp: (error: Error) => void;
  readonly onSettled: (() => void) | undefined;
  beganMonotonicMs: number;
  isOverdue: boolean;
}

/**
 * Stands between the engine and one volume's system calls: begins only a few at once, notices when one is not answered, with
 * one timer for all, and can then tell every caller so. What the system has been asked cannot be taken back: such an
 * operation keeps its place until it is answered, so never more than `maximumOperations` are stuck.
 */
export class VolumeGuard {
  readonly writeLatency = new LatencyHistogram();
  readonly #clock: Clock;
  readonly #limits: GuardLimits;
  readonly #events: GuardEvents;
  /** In the order they were begun. */
  readonly #running = new Set<Operation>();
  readonly #waiting = new Set<Operation>();
  #timer: Disposable | undefined;
  #timerDueMonotonicMs = 0;
  #isHung = false;
  #isShutDown = false;
  readonly #deferred: (() => Promise<void>)[] = [];
  #isProbing = false;
  #queuedBytes = 0;

  constructor({ clock, limits, events }: { clock: Clock; limits: GuardLimits; events: GuardEvents }) {
    this.#clock = clock;
    this.#limits = limits;
    this.#events = events;
  }

  get isHung(): boolean {
    return this.#isHung;
  }

  /** Bytes of writes that are not answered yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Operations that are not answered in time, or at all before the end; each holds a thread. */
  get stuckOperations(): number {
    if (this.#isShutDown) return this.#running.size;
    let count = 0;
    for (const operation of this.#running) if (operation.isOverdue) count += 1;
    return count;
  }

  /** Rejects with the system's error, or with `VolumeHangError`. */
  run<Value>(task: () => Promise<Value>, options: OperationOptions<Value> = {}): Promise<Value> {
    if (this.#isRefusing(options) || this.#waiting.size >= this.#limits.maximumWaiting) {
      options.onSettled?.();
      return Promise.reject(new VolumeHangError());
    }
    return this.#enqueue(task, options);
  }

  /**
   * Asks a hung volume something, if there is a place left for that. The answer tells whether it answered; while it is hung
   * no other question is asked until this one is answered.
   */
  async probe(task: () => Promise<unknown>): Promise<boolean> {
    if (!this.#isHung || this.#isProbing || this.#running.size >= this.#limits.maximumOperations)
      return false;
    this.#isProbing = true;
    const operation = this.#operation({}, { begin: () => undefined, giveUp: () => undefined });
    this.#enter(operation);
    await Promise.allSettled([task()]);
    this.#isProbing = false;
    const wasInTime = !operation.isOverdue;
    this.#leave(operation);
    if (wasInTime && this.#isHung) this.#answered();
    return wasInTime;
  }

  /** Does something once the volume answers: now, if it does. Nobody waits for it, and nobody hears of its failure. */
  whenAnswering(task: () => Promise<void>): void {
    if (this.#isShutDown) void task().catch(() => undefined);
    else if (this.#isHung) this.#deferred.push(task);
    else void this.#enqueue(task, {}).catch(() => undefined);
  }

  /** Ends for good: everything asked and everything that will be is refused. */
  shutDown(): void {
    this.#isHung = true;
    this.#isShutDown = true;
    this.#timer?.[Symbol.dispose]();
    this.giveUpAll();
    void this.#finishDeferred();
  }

  /** Tells all who wait that the volume does not answer; only if it is hung. */
  giveUpAll(): void {
    if (this.#isHung) this.#giveUp(() => true);
  }

  #giveUp(isGivenUp: (operation: Operation) => boolean): void {
    for (const operation of [...this.#waiting].filter(isGivenUp)) {
      this.#waiting.delete(operation);
      this.#forget(operation);
      operation.giveUp(new VolumeHangError());
    }
    // These keep their places until the system answers.
    for (const operation of [...this.#running].filter(isGivenUp)) operation.giveUp(new VolumeHangError());
  }

  #enqueue<Value>(task: () => Promise<Value>, options: OperationOptions<Value>): Promise<Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    let isGivenUp = false;
    const operation = this.#operation(options, {
      begin: () => void settle(),
      giveUp: (error) => {
        isGivenUp = true;
        reject(error);
      },
    });
    const settle = async (): Promise<void> => {
      let value: Value;
      try {
        value = await task();
      } catch (error) {
        this.#leave(operation);
        reject(asError(error));
        return;
      }
      this.#leave(operation);
      if (isGivenUp) options.onLateValue?.(value);
      else resolve(value);
    };
    this.#queuedBytes += operation.byteLength;
    if (this.#isHung || this.#running.size >= this.#limits.maximumOperations) this.#waiting.add(operation);
    else this.#begin(operation);
    return promise;
  }

  #isRefusing({ isPatient = false }: { readonly isPatient?: boolean }): boolean {
    return this.#isShutDown || (this.#isHung && !(isPatient && this.#events.shouldWait()));
  }

  #operation(
    options: Omit<OperationOptions<never>, 'onLateValue'>,
    { begin, giveUp }: Pick<Operation, 'begin' | 'giveUp'>,
  ): Operation {
    const { byteLength = 0, isWrite = false, isPatient = false, onSettled } = options;
    return {
      byteLength,
      isWrite,
      isPatient,
      onSettled,
      begin,
      giveUp,
      beganMonotonicMs: 0,
      isOverdue: false,
    };
  }

  #begin(operation: Operation): void {
    this.#enter(operation);
    operation.begin();
  }

  #enter(operation: Operation): void {
    operation.beganMonotonicMs = this.#clock.monotonicMs();
    this.#running.add(operation);
    if (this.#timer === undefined && !this.#isShutDown) this.#lookAgainAfter(this.#limits.hangAfterMs);
  }

  #leave(operation: Operation): void {
    this.#running.delete(operation);
    if (operation.isWrite) this.writeLatency.add(this.#clock.monotonicMs() - operation.beganMonotonicMs);
    this.#forget(operation);
    if (this.#isHung && this.stuckOperations === 0) this.#answered();
    else if (!this.#isHung) this.#beginWaiting();
  }

  #forget(operation: Operation): void {
    this.#queuedBytes -= operation.byteLength;
    operation.onSettled?.();
  }

  #beginWaiting(): void {
    for (const operation of this.#waiting) {
      if (this.#running.size >= this.#limits.maximumOperations) return;
      this.#waiting.delete(operation);
      this.#begin(operation);
    }
  }

  /** One after another, so that one thread at most waits for what may never be answered. */
  async #finishDeferred(): Promise<void> {
    for (const task of this.#deferred.splice(0)) await task().catch(() => undefined);
  }

  #answered(): void {
    if (this.#isShutDown) return;
    this.#isHung = false;
    this.#beginWaiting();
    for (const task of this.#deferred.splice(0)) this.whenAnswering(task);
    this.#events.onAnswer();
  }

  /** One timer, set for the operation begun first: most are long answered when it rings. */
  #lookAgainAfter(delayMs: number): void {
    this.#timerDueMonotonicMs = this.#clock.monotonicMs() + delayMs;
    this.#timer = this.#clock.after(delayMs, () => this.#lookForHang());
  }

  #lookForHang(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#timerDueMonotonicMs > timerToleranceMs) {
      // It was this process that stood still: answers may be waiting to be taken in.
      this.#lookAgainAfter(timerToleranceMs);
      return;
    }
    let isNewlyOverdue = false;
    for (const operation of this.#running) {
      if (operation.isOverdue) continue;
      const remainingMs = operation.beganMonotonicMs + this.#limits.hangAfterMs - nowMs;
      if (remainingMs > 0) {
        this.#lookAgainAfter(remainingMs);
        break;
      }
      operation.isOverdue = true;
      isNewlyOverdue = true;
    }
    if (!isNewlyOverdue || this.#isHung) return;
    this.#isHung = true;
    this.#giveUp(({ isPatient }) => !isPatient);
    this.#events.onHang();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error
    ? error
    : new Error('Something that is no error was thrown.', { cause: error });
}
