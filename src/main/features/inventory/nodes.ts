import type { z } from 'zod';
import type { inventoryContract } from '../../../shared/contract/index.ts';
import { fail } from '../../failure.ts';
import type { Clock, Database } from '../../platform/ports.ts';
import type { Ssh } from '../../platform/ssh/ports.ts';
import type { CameraStore } from './camera-store.ts';
import type { NodeStore, StoredNode } from './node-store.ts';
import type { SiteSecrets } from './site-secrets.ts';
import { SlugAllocator } from './slug.ts';

export type NewNode = z.output<typeof inventoryContract.addNode.input>;

export interface NodeDependencies {
  readonly database: Database;
  readonly store: NodeStore;
  readonly cameras: CameraStore;
  readonly secrets: SiteSecrets;
  readonly ssh: Ssh;
  readonly clock: Clock;
  /** Told after each change was stored. */
  readonly onChange: (nodeIds: readonly string[]) => void;
}

/** The rules by which nodes join, change and leave the site. */
export class Nodes {
  readonly #dependencies: NodeDependencies;

  constructor(dependencies: NodeDependencies) {
    this.#dependencies = dependencies;
  }

  get(nodeId: string): StoredNode {
    const found = this.#dependencies.store.get(nodeId);
    if (!found) throw fail('not-found', `The site has no node ${nodeId}.`);
    return found;
  }

  /** Signs in first, so that nothing is stored that does not work. */
  async add(newNode: NewNode, signal: AbortSignal): Promise<string> {
    const { database, store, secrets, ssh, clock } = this.#dependencies;
    const { name, address, port, username, authentication, hostKeyFingerprint } = newNode;
    this.#refuseKnown(newNode);
    const connection = await ssh.connect(
      { address, port, nodeName: name, username, authentication, hostKeyFingerprint },
      signal,
    );
    await connection[Symbol.asyncDispose]();
    const nodeId = database.transaction(() => {
      this.#refuseKnown(newNode);
      const id = new SlugAllocator(store.list().map(({ node }) => node.id)).allocate(name, 'node');
      store.insert({
        id,
        name,
        address,
        port,
        username,
        authentication: authentication.kind,
        hostKeyFingerprint,
        addedUtcMs: clock.utcMs(),
      });
      secrets.putNode(id, authentication);
      return id;
    })();
    this.#dependencies.onChange([nodeId]);
    return nodeId;
  }

  remove(nodeId: string): void {
    const { database, store, cameras, secrets } = this.#dependencies;
    const { node } = this.get(nodeId);
    const count = cameras.ofNode(nodeId).length;
    if (count > 0) {
      throw fail(
        'conflict',
        `Node ${node.name} records ${count} ${count === 1 ? 'camera' : 'cameras'}.`,
        'Assign them to another node first.',
      );
    }
    database.transaction(() => {
      store.remove(nodeId);
      secrets.removeNode(nodeId);
    })();
    this.#dependencies.onChange([nodeId]);
  }

  #refuseKnown({ address, port }: NewNode): void {
    const known = this.#dependencies.store.at(address, port);
    if (known) {
      throw fail('conflict', `${address}:${port} is part of the site already, as node ${known.node.name}.`);
    }
  }
}
