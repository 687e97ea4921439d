import type { LookupAddress, LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** As `dns.lookup` answers. */
export type LookupAnswer = Parameters<LookupFunction>[2];

/** As `dns.lookup` is called. */
export type Lookup = (hostname: string, options: LookupOptions, callback: LookupAnswer) => void;

/**
 * Asks for each name once at a time: whoever asks meanwhile gets the same answer. A name server that is gone takes longer
 * to give up on than the next attempt to connect takes to come, and the system looks up only a few names at once.
 */
export function sharedLookup(lookup: Lookup): LookupFunction {
  const waiting = new Map<string, LookupAnswer[]>();
  return (hostname, options, callback) => {
    const { family, hints, all, order } = options;
    const question = JSON.stringify([hostname, family, hints, all, order]);
    const others = waiting.get(question);
    if (others !== undefined) {
      others.push(callback);
      return;
    }
    const callbacks = [callback];
    waiting.set(question, callbacks);
    lookup(hostname, options, (error, address: string | LookupAddress[], answeredFamily) => {
      waiting.delete(question);
      for (const answer of callbacks) answer(error, address, answeredFamily);
    });
  };
}
