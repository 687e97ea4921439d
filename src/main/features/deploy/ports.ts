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
}

/** What deploying needs of the inventory. */
export interface DeployInventory {
  /** How to sign in to a node, `nodeName` set. Throws `not-found` or `vault-locked`. */
  sshTarget(nodeId: string): SshTarget;
  /** The engine that is registered for a node, with its token from the vault. Throws `vault-locked`. */
  deployedEngine(nodeId: string): DeployedEngine | undefined;
  /** Registers or replaces; the token goes to the vault. */
  markDeployed(nodeId: string, engine: DeployedEngine): void;
}

/** Asks an engine over HTTPS for its version; the certificate pinned, the token presented, within a few seconds. */
export interface EngineVersionProbe {
  /** Fails with `unreachable`, `timed-out`, `unauthorized` or `engine-certificate-changed`. */
  readVersion(endpoint: EngineEndpoint, signal: AbortSignal): Promise<string>;
}
