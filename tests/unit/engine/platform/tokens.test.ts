import { expect, it } from 'vitest';
import { scopePermits } from '../../../../src/engine/platform/tokens.ts';
import { TokenScope } from '../../../../src/shared/engine-api/index.ts';

it('lets an admin do everything, a peer view, and the others only their own', () => {
  const table = TokenScope.options.map((held) => [
    held,
    TokenScope.options.filter((needed) => scopePermits(held, needed)),
  ]);
  expect(Object.fromEntries(table)).toEqual({
    admin: ['admin', 'view', 'peer', 'metrics'],
    view: ['view'],
    peer: ['view', 'peer'],
    metrics: ['metrics'],
  });
});
