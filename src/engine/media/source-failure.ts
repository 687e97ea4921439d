import type { Interruption } from './sample.ts';

/** Why a source of samples ended, or could not begin. `message` is a sentence for a person and holds no secret. */
export class SourceFailure extends Error {
  override readonly name: string = 'SourceFailure';
  readonly kind: Interruption['kind'];

  constructor(kind: Interruption['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}
