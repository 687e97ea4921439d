import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { CameraId, Gap, GapEvidence, GapReason } from '../../shared/engine-api/index.ts';
import type { GapLog } from '../storage/index.ts';

/** A gap as its tracker knows it; `id` once it is written down. */
export interface KeptGap {
  id: number | undefined;
  startUtcMs: number;
  endUtcMs: number | undefined;
  reason: GapReason;
  evidence: GapEvidence;
}

export interface GapWriterOptions {
  readonly cameraId: CameraId;
  readonly gapLog: GapLog;
  readonly clock: Clock;
  readonly log: Log;
}

/** Gaps that wait to be written; of more, the oldest are given up. */
const maximumUnwritten = 32;
const retryAfterMs = 5000;

/** Writes one camera's gaps down, one after the other, each in its newest state; tries again while the index fails. */
export class GapWriter {
  readonly #options: GapWriterOptions;
  /** In order; `forgotten` ones are to be removed. */
  readonly #unwritten = new Map<KeptGap, 'save' | 'forget'>();
  #writing: Promise<void> | undefined;
  #retry: Disposable | undefined;

  constructor(options: GapWriterOptions) {
    this.#options = options;
  }

  /** A gap that is written down already. */
  known({ id, startUtcMs, endUtcMs, reason, evidence }: Gap): KeptGap {
    return { id, startUtcMs, endUtcMs, reason, evidence };
  }

  save(gap: KeptGap): void {
    this.#enqueue(gap, 'save');
  }

  forget(gap: KeptGap): void {
    if (gap.id === undefined && this.#writing === undefined) this.#unwritten.delete(gap);
    else this.#enqueue(gap, 'forget');
  }

  /** Resolves when nothing is under way: all is written, or the index failed. */
  async written(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  #enqueue(gap: KeptGap, what: 'save' | 'forget'): void {
    this.#unwritten.set(gap, what);
    if (this.#unwritten.size > maximumUnwritten) this.#giveUpOldest();
    if (this.#retry === undefined) this.#write();
  }

  #giveUpOldest(): void {
    const [oldest] = this.#unwritten.keys();
    if (oldest === undefined) return;
    this.#unwritten.delete(oldest);
    const { cameraId, log } = this.#options;
    log.error({ cameraId, reason: oldest.reason }, 'A gap is not written down: the index does not take it.');
  }

  #write(): void {
    this.#retry = undefined;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      // What came after the last look at what waits, and before this.
      if (this.#unwritten.size > 0 && this.#retry === undefined) this.#write();
    });
  }

  async #writeAll(): Promise<void> {
    const { clock, cameraId, log } = this.#options;
    for (;;) {
      const [next] = this.#unwritten;
      if (next === undefined) return;
      const [gap, what] = next;
      // Whatever changes from now on enters it again.
      this.#unwritten.delete(gap);
      try {
        await this.#writeOne(gap, what);
      } catch (error) {
        if (!this.#unwritten.has(gap)) this.#unwritten.set(gap, what);
        log.warn({ cameraId, error }, 'A gap could not be written down; it is tried again.');
        this.#retry = clock.after(retryAfterMs, () => this.#write());
        return;
      }
    }
  }

  async #writeOne(gap: KeptGap, what: 'save' | 'forget'): Promise<void> {
    const { gapLog, cameraId } = this.#options;
    const { startUtcMs, endUtcMs, reason, evidence } = gap;
    const content = {
      cameraId,
      startUtcMs,
      ...(endUtcMs === undefined ? {} : { endUtcMs }),
      reason,
      evidence,
    };
    if (what === 'forget') {
      if (gap.id !== undefined) await gapLog.remove(gap.id);
    } else if (gap.id === undefined) gap.id = await gapLog.insert(content);
    else await gapLog.update({ ...content, id: gap.id });
  }
}
