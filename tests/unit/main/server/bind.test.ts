import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Nothing, mutation, query, subscription } from '../../../../src/shared/contract/index.ts';
import { bindContract } from '../../../../src/main/server/bind.ts';
import { DeskError } from '../../../../src/main/failure.ts';

const signal = new AbortController().signal;

const contract = {
  numbers: {
    double: query(z.object({ value: z.int().max(100) }), z.int()),
    store: mutation(z.object({ name: z.string().trim().min(1) }), Nothing),
    count: subscription(z.object({ to: z.int() }), z.object({ n: z.int() })),
  },
} as const;

function bound(overrides: { double?: (value: number) => number } = {}) {
  const stored: string[] = [];
  const procedures = bindContract(contract, {
    numbers: {
      double: ({ value }) => (overrides.double ?? ((n) => n * 2))(value),
      store: ({ name }) => void stored.push(name),
      count: async function* ({ to }) {
        for (let n = 1; n <= to; n += 1) yield { n, secret: 'not declared' };
      },
    },
  });
  return { stored, procedures };
}

async function call(
  procedures: ReturnType<typeof bindContract>,
  name: string,
  input: unknown,
): Promise<unknown> {
  const procedure = procedures['numbers']?.[name];
  if (procedure === undefined || procedure.kind === 'subscription') throw new Error(`no call ${name}`);
  return procedure.call(input, signal);
}

describe('a bound procedure', () => {
  it('gives the handler what the schema made of the input', async () => {
    const { stored, procedures } = bound();
    expect(await call(procedures, 'store', { name: '  gate ' })).toBeUndefined();
    expect(stored).toEqual(['gate']);
  });

  it('names the field that cannot be used', async () => {
    const { procedures } = bound();
    const thrown = await call(procedures, 'double', { value: 101 }).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(DeskError);
    expect(thrown instanceof DeskError && thrown.failure).toEqual({
      code: 'invalid-input',
      message: 'This cannot be used: value: Too big: expected number to be <=100.',
      remedy: 'Correct it and try again.',
    });
  });

  it('lets nothing out that the contract does not declare', async () => {
    const { procedures } = bound();
    const count = procedures['numbers']?.['count'];
    if (count?.kind !== 'subscription') throw new Error('no subscription');
    const events: unknown[] = [];
    for await (const event of count.call({ to: 2 }, signal)) events.push(event);
    expect(events).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('treats an answer that breaks the contract as a bug', async () => {
    const { procedures } = bound({ double: () => 0.5 });
    const thrown = await call(procedures, 'double', { value: 1 }).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(z.ZodError);
  });
});
