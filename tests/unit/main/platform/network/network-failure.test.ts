import { expect, it } from 'vitest';
import { networkFailureWords } from '../../../../../src/main/platform/network/network-failure.ts';

it.each([
  ['ECONNREFUSED', 'nothing accepts connections there'],
  ['EPIPE', 'it hung up'],
  ['EMFILE', 'EMFILE'],
])('%s: %s', (code, words) => {
  expect(networkFailureWords(code)).toBe(words);
});
