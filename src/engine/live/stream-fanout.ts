import type { Log } from '../../shared/domain/log.ts';
import type { Interruption, Sample, StreamDescription, StreamSubscriber } from '../media/sample.ts';
import type { GopCache } from './gop-cache.ts';

/** A stream that anything may be attached to: a viewer, a muxer, a server of another protocol. */
export interface JoinableStream {
  /**
   * Passes the stream to `subscriber` until disposed. While a stream runs, it gets the description and the group of pictures
   * in hand before this returns, and what comes then. The first sample, and the first after each description or
   * interruption, is a sync picture. The stream runs on demand: nothing comes before the camera has answered.
   * After an interruption of the kind `stopped` nothing follows any more.
   */
  join(subscriber: StreamSubscriber): Disposable;
}

interface Member {
  readonly subscriber: StreamSubscriber;
  phase: 'awaits-sync' | 'flowing' | 'gone';
}

/** Passes one stream on to those who joined, and keeps the group of pictures in hand for newcomers. */
export class StreamFanout implements StreamSubscriber, JoinableStream {
  readonly #cache: GopCache;
  readonly #log: Log;
  #members: readonly Member[] = [];
  #description: StreamDescription | undefined;
  #end: Interruption | undefined;

  constructor({ cache, log }: { readonly cache: GopCache; readonly log: Log }) {
    this.#cache = cache;
    this.#log = log;
  }

  /** Of the stream as it runs; undefined while it does not. */
  get description(): StreamDescription | undefined {
    return this.#description;
  }

  get memberCount(): number {
    return this.#members.length;
  }

  join(subscriber: StreamSubscriber): Disposable {
    const member: Member = { subscriber, phase: 'awaits-sync' };
    const end = this.#end;
    if (end !== undefined) {
      this.#attempt(member, () => subscriber.onInterruption(end));
      return { [Symbol.dispose]: () => undefined };
    }
    this.#members = [...this.#members, member];
    this.#welcome(member);
    return { [Symbol.dispose]: () => this.#remove(member) };
  }

  onDescription(description: StreamDescription): void {
    this.#description = description;
    this.#cache.clear();
    for (const member of this.#members) this.#describe(member, description);
  }

  /** Kept first: whoever joins from inside a call gets this sample too. */
  onSample(sample: Sample): void {
    const members = this.#members;
    this.#cache.add(sample);
    for (const member of members) this.#pass(member, sample);
  }

  onInterruption(interruption: Interruption): void {
    this.#description = undefined;
    this.#cache.clear();
    for (const member of this.#members) {
      this.#attempt(member, () => member.subscriber.onInterruption(interruption));
    }
  }

  /** Lets everybody go, for good. */
  end(detail: string): void {
    const end: Interruption = { kind: 'stopped', detail };
    this.#end = end;
    this.onInterruption(end);
    for (const member of this.#members) this.#remove(member);
  }

  #welcome(member: Member): void {
    const description = this.#description;
    if (description === undefined) return;
    this.#describe(member, description);
    for (const sample of this.#cache.samples) this.#pass(member, sample);
  }

  #describe(member: Member, description: StreamDescription): void {
    this.#attempt(member, () => member.subscriber.onDescription(description));
  }

  #pass(member: Member, sample: Sample): void {
    if (member.phase === 'gone') return;
    if (member.phase === 'awaits-sync') {
      if (sample.track !== 'video' || !sample.isSync) return;
      member.phase = 'flowing';
    }
    try {
      member.subscriber.onSample(sample);
    } catch (error) {
      this.#letGo(member, error);
    }
  }

  /** A call after which the stream goes on with a sync picture, if at all. */
  #attempt(member: Member, call: () => void): void {
    if (member.phase === 'gone') return;
    member.phase = 'awaits-sync';
    try {
      call();
    } catch (error) {
      this.#letGo(member, error);
    }
  }

  /** A subscriber that throws is a mistake of ours: it is told that nothing follows, and the others go on. */
  #letGo(member: Member, error: unknown): void {
    this.#log.error({ error }, 'A subscriber of the stream failed and was detached.');
    this.#remove(member);
    try {
      member.subscriber.onInterruption({ kind: 'stopped', detail: 'The output failed; see the log.' });
    } catch (again) {
      this.#log.error({ error: again }, 'A detached subscriber failed again.');
    }
  }

  #remove(member: Member): void {
    member.phase = 'gone';
    this.#members = this.#members.filter((other) => other !== member);
  }
}
