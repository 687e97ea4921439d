import { join } from 'node:path';
import { createSimNode } from './node.ts';
import type { SimNode, SimNodeOptions } from './node.ts';

export interface SimNodesOptions extends Pick<
  SimNodeOptions,
  'username' | 'password' | 'authorizedKeys' | 'clock' | 'diskBytes'
> {
  readonly count: number;
  /** Parent of the nodes' folders. */
  readonly directory: string;
  /** Port of every node; each has an address of its own. 2222 unless told. */
  readonly port?: number;
  /** The first node's address; the next ones follow. 127.30.0.1 unless told. */
  readonly firstAddress?: string;
}

const maxNodes = 200;

/** The nodes of a site: `rec-1`, `rec-2`, ... at consecutive loopback addresses. */
export function createSimNodes(options: SimNodesOptions): readonly SimNode[] {
  const { count, directory, port = 2222, firstAddress = '127.30.0.1', ...shared } = options;
  if (!Number.isInteger(count) || count < 1 || count > maxNodes) {
    throw new Error(`A simulated site has 1 to ${maxNodes} nodes, not ${count}.`);
  }
  const first = firstAddress.split('.').map(Number);
  const last = first.pop() ?? Number.NaN;
  if (first.length !== 3 || !(last >= 1 && last + count - 1 <= 254)) {
    throw new Error(`${count} nodes do not fit at ${firstAddress} and after it.`);
  }
  return Array.from({ length: count }, (_, index) =>
    createSimNode({
      ...shared,
      name: `rec-${index + 1}`,
      address: [...first, last + index].join('.'),
      port,
      directory: join(directory, `rec-${index + 1}`),
    }),
  );
}
