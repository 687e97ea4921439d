import type { LiveTag } from './live-tag.ts';
import type { ViewerSink } from './viewer-sink.ts';

export interface ViewerLimits {
  /** A viewer with more than this unsent loses frames up to the next sync picture. */
  readonly maximumQueuedBytes: number;
  /** A viewer that has not caught up by then is closed. */
  readonly tooSlowAfterMs: number;
}

type Flow =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'flowing' }
  | { readonly kind: 'dropping'; readonly sinceMonotonicMs: number };

/** Messages to a newcomer are put together up to this size, so that a group of pictures is not hundreds of writes. */
const preferredMessageBytes = 256 * 1024;

/** One viewer: what it got, and whether it keeps up. */
export class Viewer {
  readonly #sink: ViewerSink;
  readonly #limits: ViewerLimits;
  #flow: Flow = { kind: 'waiting' };
  #isGreeted = false;
  #framesDropped = 0;

  constructor(sink: ViewerSink, limits: ViewerLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Pictures this viewer missed because it was slow. */
  get framesDropped(): number {
    return this.#framesDropped;
  }

  /** What a decoder needs before the next sync picture; the file header only the first time. */
  configure(fileHeader: Uint8Array, tags: Uint8Array): void {
    this.#sink.send(this.#isGreeted ? tags : Buffer.concat([fileHeader, tags]));
    this.#isGreeted = true;
    this.pause();
  }

  /** The current group of pictures, or nothing of it when there is none. */
  sendGroup(group: readonly LiveTag[]): void {
    for (const message of inMessages(group.map((tag) => tag.bytes()))) this.#sink.send(message);
    if (group.length > 0) this.#flow = { kind: 'flowing' };
  }

  /** Sends a tag or drops it. The answer is false when the viewer has been too slow for too long. */
  offer(tag: LiveTag, nowMonotonicMs: number): boolean {
    this.#flow = this.#nextFlow(tag, nowMonotonicMs);
    if (this.#flow.kind === 'flowing') this.#sink.send(tag.bytes());
    if (this.#flow.kind !== 'dropping') return true;
    if (tag.isVideo) this.#framesDropped += 1;
    return nowMonotonicMs - this.#flow.sinceMonotonicMs <= this.#limits.tooSlowAfterMs;
  }

  /** The stream paused; frames that follow do not continue the group in hand. */
  pause(): void {
    if (this.#flow.kind === 'flowing') this.#flow = { kind: 'waiting' };
  }

  close(code: number, reason: string): void {
    this.#sink.close(code, reason);
  }

  /** Frames are dropped from the moment the bound is passed up to a sync picture that finds the queue half empty. */
  #nextFlow(tag: LiveTag, nowMonotonicMs: number): Flow {
    const queuedBytes = this.#sink.bufferedBytes();
    const { maximumQueuedBytes } = this.#limits;
    const isFlowing = this.#flow.kind === 'flowing';
    if (isFlowing ? queuedBytes <= maximumQueuedBytes : !tag.startsGroup) return this.#flow;
    if (!isFlowing && queuedBytes <= maximumQueuedBytes / 2) return { kind: 'flowing' };
    if (this.#flow.kind === 'dropping') return this.#flow;
    return { kind: 'dropping', sinceMonotonicMs: nowMonotonicMs };
  }
}

function* inMessages(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for (const piece of pieces) {
    if (heldBytes > 0 && heldBytes + piece.byteLength > preferredMessageBytes) {
      yield Buffer.concat(held, heldBytes);
      held = [];
      heldBytes = 0;
    }
    held.push(piece);
    heldBytes += piece.byteLength;
  }
  if (heldBytes > 0) yield Buffer.concat(held, heldBytes);
}
