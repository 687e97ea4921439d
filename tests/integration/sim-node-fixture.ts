import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SshTarget } from '../../src/main/platform/ssh/index.ts';
import { createSsh } from '../../src/main/platform/ssh/index.ts';
import { createSimNode } from '../../src/sim/node/index.ts';
import type { SimNode, SimNodeOptions } from '../../src/sim/node/index.ts';

let lastAddress = 0;

/** A running simulated node with what a desk needs to sign in; everything is gone when it is disposed. */
export interface NodeUnderTest extends AsyncDisposable {
  readonly node: SimNode;
  readonly target: SshTarget;
  readonly password: string;
}

export async function startNode(options: Partial<SimNodeOptions> = {}): Promise<NodeUnderTest> {
  await using cleanup = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'belvedere-test-node-'));
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  lastAddress += 1;
  const password = randomBytes(9).toString('base64url');
  const node = createSimNode({
    name: 'rec-1',
    address: `127.31.0.${lastAddress}`,
    port: 2222,
    directory,
    username: 'engineer',
    password,
    ...options,
  });
  cleanup.defer(() => node.stop());
  await node.start();
  const endpoint = { address: node.address, port: node.port };
  const hostKey = await createSsh().readHostKey(endpoint, AbortSignal.timeout(10_000));
  const kept = cleanup.move();
  return {
    node,
    password,
    target: {
      ...endpoint,
      nodeName: 'rec-1',
      username: 'engineer',
      authentication: { kind: 'password', password },
      hostKeyFingerprint: hostKey.fingerprint,
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The failure of an action that must fail, as the page would see it. */
export async function failureOf(action: Promise<unknown>): Promise<unknown> {
  try {
    await action;
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'failure' in error) return error.failure;
    throw error;
  }
  throw new Error('It succeeded.');
}
