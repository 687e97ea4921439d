import type { Camera, SiteNode } from '../../../shared/contract/index.ts';
import type { Credentials } from '../../../shared/engine-api/index.ts';
import type { SshTarget } from '../../platform/ssh/ports.ts';
import type { StoredCamera } from './camera-store.ts';
import type { StoredEngine } from './engine-store.ts';

/** Which cameras and nodes were added, changed or removed. */
export interface InventoryChange {
  readonly cameraIds: readonly string[];
  readonly nodeIds: readonly string[];
}

/** Where a deployed engine answers, and whose key it must show. */
export interface EngineAddress {
  readonly nodeName: string;
  readonly address: string;
  readonly port: number;
  readonly certificatePin: string;
}

/** An engine that a deployment brought to a node. */
export interface DeployedEngine extends Omit<StoredEngine, 'deployedUtcMs'> {
  readonly token: string;
}

/** What other features need of the inventory. */
export interface Inventory {
  listNodes(): readonly SiteNode[];
  /** Throws `not-found`. */
  node(nodeId: string): SiteNode;
  listCameras(): readonly Camera[];
  /** Throws `not-found`. */
  camera(cameraId: string): Camera;
  camerasOfNode(nodeId: string): readonly StoredCamera[];
  /** Undefined for a camera that asks for none. Throws `vault-locked`. */
  cameraCredentials(camera: Camera): Credentials | undefined;
  /** With what to sign in to a node. Throws `not-found` or `vault-locked`. */
  sshTarget(nodeId: string): SshTarget;
  /** Undefined while no engine is deployed. Throws `not-found`. */
  engineAddress(nodeId: string): EngineAddress | undefined;
  /** Throws `vault-locked`. */
  engineToken(nodeId: string): string;
  /** The engine that is registered for a node, with its token. Throws `not-found` or `vault-locked`. */
  deployedEngine(nodeId: string): DeployedEngine | undefined;
  /**
   * Stores what a deployment brought, all of it or nothing, and keeps what was registered before the first time, until
   * `settleDeployed` or `restoreDeployed`. Throws `not-found` or `vault-locked`.
   */
  markDeployed(nodeId: string, engine: DeployedEngine): void;
  /** Registers again what was before `markDeployed`. Nothing happens after `settleDeployed`. Throws like it. */
  restoreDeployed(nodeId: string): void;
  /** Forgets what was before: the last deployment is there to stay. */
  settleDeployed(nodeId: string): void;
  /** Notes a token before the node is asked to issue it, so that none can be forgotten there. */
  noteToken(nodeId: string, tokenId: string): void;
  /** Noted tokens that are not the registered engine's. Throws `not-found`. */
  supersededTokens(nodeId: string): readonly string[];
  /** Says, before the node is asked, that a token will not work any more. */
  beginRevoking(nodeId: string, tokenId: string): void;
  /** The node does not know the token any more. */
  forgetToken(nodeId: string, tokenId: string): void;
  /** Calls back after each change was stored. */
  onChange(listener: (change: InventoryChange) => void): Disposable;
}
