import type { Sample } from '../../../../src/engine/media/sample.ts';
import type { SampleMemory } from '../../../../src/engine/media/slab-pool.ts';

/** Memory that knows who holds it and insists on each release. */
export class CountedMemory implements SampleMemory {
  holders = 0;

  retain(): void {
    this.holders += 1;
  }

  release(): void {
    if (this.holders === 0) throw new Error('Memory was released more often than retained.');
    this.holders -= 1;
  }
}

/** The same samples, each in memory of its own. */
export function inCountedMemory(samples: readonly Sample[]): {
  readonly samples: readonly (Sample & { readonly memory: CountedMemory })[];
  readonly heldCount: () => number;
} {
  const counted = samples.map((sample) => ({ ...sample, memory: new CountedMemory() }));
  return {
    samples: counted,
    heldCount: () => counted.reduce((sum, { memory }) => sum + memory.holders, 0),
  };
}
