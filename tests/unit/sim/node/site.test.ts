import { describe, expect, it } from 'vitest';
import { createSimNode, createSimNodes } from '../../../../src/sim/node/index.ts';

const shared = { directory: '/nowhere', username: 'engineer', password: 'x' };

it('gives each node a name, an address and a folder', () => {
  const nodes = createSimNodes({ ...shared, count: 2, firstAddress: '127.30.0.9' });
  expect(nodes.map(({ name, address, port, directory }) => ({ name, address, port, directory }))).toEqual([
    { name: 'rec-1', address: '127.30.0.9', port: 2222, directory: '/nowhere/rec-1' },
    { name: 'rec-2', address: '127.30.0.10', port: 2222, directory: '/nowhere/rec-2' },
  ]);
});

describe('refuses', () => {
  it.for([0, 1.5, 201])('%d nodes', (count) => {
    expect(() => createSimNodes({ ...shared, count })).toThrow('1 to 200 nodes');
  });

  it('more nodes than there are addresses', () => {
    expect(() => createSimNodes({ ...shared, count: 2, firstAddress: '127.30.0.254' })).toThrow('do not fit');
  });

  it.for(['192.168.1.2', '0.0.0.0', '::', 'localhost'])(
    'the address %s, which others could reach',
    (address) => {
      expect(() => createSimNode({ ...shared, name: 'rec-1', address, port: 22 })).toThrow(
        'no loopback address',
      );
    },
  );
});
