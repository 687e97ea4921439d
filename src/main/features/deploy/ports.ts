import type { SshTarget } from '../../platform/ssh/index.ts';

/** An engine as the desk reaches it over HTTPS. */
export interface EngineEndpoint {
  readonly address: string;
  readonly port: number;
  /** Base64 SHA-256 of the certificate's SubjectPublicKeyInfo. */
  readonly certificatePin: string;
  readonly token: string;
}

export interface DeployedEngine {
  readonly version: string;
  readonly host: 'systemd' | 'supervised';
  readonly port: number;
  readonly certificatePin: string;
  readonly token: string;
  /** What the node calls the token; absent where it was issued before the desk kept that. */
  readonly tokenId?: string | undefined;
}

/** What deploying needs of the inventory. */
export interface DeployInventory {
  /** How to sign in to a node, `nodeName` set. Throws `not-found` or `vault-locked`. */
  sshTarget(nodeId: string): SshTarget;
  /** The engine that is registered for a node, with its token from the vault. Throws `vault-locked`. */
  deployedEngine(nodeId: string): DeployedEngine | undefined;
  /** Registers or replaces; the token goes to the vault. What was there before the first time is kept for `restoreDeployed`. */
  markDeployed(nodeId: string, engine: DeployedEngine): void;
  /** Back to what was before, with a token that still works. Nothing happens when nothing is kept. */
  restoreDeployed(nodeId: string): void;
  /** Forgets what was before. */
  settleDeployed(nodeId: string): void;
  /** Notes a token before the node is asked to issue it, so that none can be forgotten there. */
  noteToken(nodeId: string, tokenId: string): void;
  /** Noted tokens that are not the registered engine's. */
  supersededTokens(nodeId: string): readonly string[];
  /** Says, before the node is asked, that a token will not work any more. */
  beginRevoking(nodeId: string, tokenId: string): void;
  /** The node does not know the token any more. */
  forgetToken(nodeId: string, tokenId: string): void;
}

/** Asks an engine over HTTPS for its version; the certificate pinned, the token presented, within a few seconds. */
export interface EngineVersionProbe {
  /** Fails with `unreachable`, `timed-out`, `unauthorized` or `engine-certificate-changed`. */
  readVersion(endpoint: EngineEndpoint, signal: AbortSignal): Promise<string>;
}
