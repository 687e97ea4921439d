import { expect, it } from 'vitest';
import { Networks } from '../../../../src/engine/platform/networks.ts';
import { privateNetworks } from '../../../../src/shared/engine-api/index.ts';

it.each([
  ['10.255.0.1', true],
  ['172.31.0.1', true],
  ['172.32.0.1', false],
  ['192.168.1.1', true],
  ['127.0.0.1', true],
  ['8.8.8.8', false],
  ['fd12::1', true],
  ['fe80::1', true],
  ['::1', true],
  ['2001:db8::1', false],
  ['', false],
  ['node', false],
])('private networks include %s: %s', (address, expected) => {
  expect(new Networks(privateNetworks).include(address)).toBe(expected);
});

it('no network includes nobody, and one with no prefix everybody of its family', () => {
  expect(new Networks([]).include('127.0.0.1')).toBe(false);
  const everybody = new Networks(['0.0.0.0/0']);
  expect([everybody.include('8.8.8.8'), everybody.include('2001:db8::1')]).toEqual([true, false]);
});
