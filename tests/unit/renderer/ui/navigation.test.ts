import { expect, test } from 'vitest';
import { hashOf, placeOf } from '../../../../src/renderer/ui/navigation.ts';

test('an address survives the way there and back', () => {
  const query = { node: 'node-1', state: 'not-assigned & more' };
  expect(placeOf(hashOf('nodes', query))).toEqual({ page: 'nodes', query });
  expect(hashOf('live')).toBe('#/live');
});

test('an unknown or missing address leads to the site', () => {
  expect(placeOf('')).toEqual({ page: 'site', query: {} });
  expect(placeOf('#/no-such-page?x=1')).toEqual({ page: 'site', query: { x: '1' } });
});
