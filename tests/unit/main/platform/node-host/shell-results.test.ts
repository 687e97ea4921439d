import { expect, it } from 'vitest';
import { commandFailure, newestLines } from '../../../../../src/main/platform/node-host/shell-results.ts';

const result = { exitCode: 1, signal: undefined, stdout: '', stderr: '' };

it('names a full disk, whichever line says so', () => {
  const stderr = 'cat: write error: No space left on device\nmv: cannot stat settings.new\n';
  expect(commandFailure({ ...result, stderr }, 'rec-1', 'set up the supervisor').failure).toEqual({
    code: 'no-space',
    message: 'The disk of node rec-1 is full; it could not set up the supervisor.',
    remedy: 'Free space on it, then try again.',
  });
});

it('takes the newest 20 lines of a log, however many a node sends', () => {
  const lines = Array.from({ length: 500_000 }, (_, index) => String(index));
  expect(newestLines(`${lines.join('\n')}\n\n`)).toEqual(lines.slice(-20));
  expect(newestLines('')).toEqual([]);
});
