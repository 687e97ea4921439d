import type { Clock, Database } from '../../platform/ports.ts';
import type { EngineStore, StoredEngine } from './engine-store.ts';
import type { DeployedEngine } from './inventory.ts';
import type { StoredNode } from './node-store.ts';
import type { SiteSecrets } from './site-secrets.ts';

export interface EngineDependencies {
  readonly database: Database;
  readonly store: EngineStore;
  readonly secrets: SiteSecrets;
  readonly clock: Clock;
  /** Throws `not-found`. */
  readonly node: (nodeId: string) => StoredNode;
  /** Told after each change was stored. */
  readonly onChange: (nodeIds: readonly string[]) => void;
}

/** Which engine is registered for a node, what was before, and which tokens may still open it. */
export class Engines {
  readonly #dependencies: EngineDependencies;

  constructor(dependencies: EngineDependencies) {
    this.#dependencies = dependencies;
  }

  deployedEngine(nodeId: string): DeployedEngine | undefined {
    const engine = this.#registered(nodeId);
    if (engine === undefined) return undefined;
    const { deployedUtcMs: _when, ...rest } = engine;
    return { ...rest, token: this.#dependencies.secrets.engineToken(nodeId) };
  }

  /** Keeps what was there before the first time, until `settleDeployed` or `restoreDeployed`. */
  markDeployed(nodeId: string, { token, ...engine }: DeployedEngine): void {
    const { database, store, secrets, clock } = this.#dependencies;
    database.transaction(() => {
      const registered = this.#registered(nodeId);
      if (store.before(nodeId) === undefined) {
        if (registered !== undefined) secrets.putEngineTokenBefore(nodeId, secrets.engineToken(nodeId));
        store.putBefore(nodeId, registered);
      }
      store.put(nodeId, { ...engine, deployedUtcMs: clock.utcMs() });
      secrets.putEngineToken(nodeId, token);
    })();
    this.#dependencies.onChange([nodeId]);
  }

  /** A token that may not work any more is not gone back to: the newer one stays, and the key it was pinned with. */
  restoreDeployed(nodeId: string): void {
    const { database, store, secrets } = this.#dependencies;
    const isRestored = database.transaction(() => {
      const before = store.before(nodeId);
      const registered = this.#registered(nodeId);
      if (before === undefined || registered === undefined) return false;
      if (before.engine === undefined) {
        store.remove(nodeId);
        secrets.removeEngineToken(nodeId);
      } else if (this.#isHeld(nodeId, before.engine.tokenId)) {
        store.put(nodeId, before.engine);
        secrets.putEngineToken(nodeId, secrets.engineTokenBefore(nodeId));
      } else {
        const { certificatePin, tokenId } = registered;
        store.put(nodeId, { ...before.engine, certificatePin, tokenId });
      }
      this.#forgetBefore(nodeId);
      return true;
    })();
    if (isRestored) this.#dependencies.onChange([nodeId]);
  }

  settleDeployed(nodeId: string): void {
    this.#dependencies.database.transaction(() => this.#forgetBefore(nodeId))();
  }

  supersededTokens(nodeId: string): readonly string[] {
    const registered = this.#registered(nodeId);
    return this.#dependencies.store
      .tokens(nodeId)
      .map(({ tokenId }) => tokenId)
      .filter((tokenId) => tokenId !== registered?.tokenId);
  }

  #registered(nodeId: string): StoredEngine | undefined {
    return this.#dependencies.node(nodeId).engine;
  }

  /** One without a name was never revoked, for that needs the name. */
  #isHeld(nodeId: string, tokenId: string | undefined): boolean {
    if (tokenId === undefined) return true;
    const held = this.#dependencies.store.tokens(nodeId).find((token) => token.tokenId === tokenId);
    return held?.isRevoking === false;
  }

  #forgetBefore(nodeId: string): void {
    this.#dependencies.store.removeBefore(nodeId);
    this.#dependencies.secrets.removeEngineTokenBefore(nodeId);
  }
}
