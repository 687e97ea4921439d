import { expect, it } from 'vitest';
import { fail } from '../../../src/main/failure.ts';
import { Failure } from '../../../src/shared/contract/index.ts';

it('is never longer than what the page takes, whatever a node or a camera said', () => {
  const { failure } = fail('not-found', `Node rec-1: ${'x'.repeat(5000)}`, 'y'.repeat(5000));
  expect(Failure.safeParse(failure).success).toBe(true);
  expect(failure.message.startsWith('Node rec-1: xxx')).toBe(true);
});
