/** What a fuzzer is run against. */

/** The pieces of one input, in the order in which they are fed. */
export type FuzzInput = readonly Buffer[];

/** A broken promise, where nothing throws by itself. */
export class FuzzFinding extends Error {
  override readonly name = 'FuzzFinding';
}

/** Throws a finding unless the condition holds. */
export function promise(condition: boolean, sentence: string): void {
  if (!condition) throw new FuzzFinding(sentence);
}

export interface FuzzPart {
  readonly name: string;
  /**
   * `stream`: pieces are joined, damaged and cut anywhere. `packets`: pieces are lost, doubled, moved and damaged one by
   * one, and stay pieces.
   */
  readonly shape: 'stream' | 'packets';
  /** Inputs that are in order; at least one. */
  readonly corpus: readonly FuzzInput[];
  /**
   * Feeds an input and yields how many units came out of it, which must be some for what is in order. Throws when a
   * promise is broken: whatever is thrown is a finding.
   */
  run(input: FuzzInput): number;
}

export interface FuzzTarget {
  readonly name: string;
  /** Reads the corpora. */
  load(): Promise<readonly FuzzPart[]>;
}
