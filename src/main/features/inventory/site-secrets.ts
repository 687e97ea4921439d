import type { NodeAuthentication, SiteNode } from '../../../shared/contract/index.ts';
import type { Credentials } from '../../../shared/engine-api/index.ts';
import { fail } from '../../failure.ts';
import type { SecretName, Vault } from '../../platform/ports.ts';
import type { SshTarget } from '../../platform/ssh/ports.ts';

const nodeSecrets = [
  'ssh-password',
  'ssh-key',
  'ssh-key-passphrase',
  'engine-token',
  'engine-token-before',
] as const;

/** Where the site's secrets are in the vault. Every read and write throws `vault-locked`. */
export class SiteSecrets {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  putCamera(cameraId: string, password: string): void {
    this.#vault.put(`camera/${cameraId}/password`, password);
  }

  /** Undefined for a camera that asks for none. */
  ofCamera(cameraId: string, username: string | undefined): Credentials | undefined {
    if (username === undefined) return undefined;
    return { username, password: this.#need(`camera/${cameraId}/password`, `camera ${cameraId}`) };
  }

  removeCamera(cameraId: string): void {
    this.#vault.remove(`camera/${cameraId}/password`);
  }

  putNode(nodeId: string, authentication: NodeAuthentication): void {
    switch (authentication.kind) {
      case 'password':
        this.#vault.put(`node/${nodeId}/ssh-password`, authentication.password);
        return;
      case 'key':
        this.#vault.put(`node/${nodeId}/ssh-key`, authentication.privateKey);
        if (authentication.passphrase !== undefined) {
          this.#vault.put(`node/${nodeId}/ssh-key-passphrase`, authentication.passphrase);
        }
    }
  }

  sshTarget(node: SiteNode): SshTarget {
    return {
      address: node.address,
      port: node.port,
      nodeName: node.name,
      username: node.username,
      authentication: this.#authentication(node),
      hostKeyFingerprint: node.hostKeyFingerprint,
    };
  }

  putEngineToken(nodeId: string, token: string): void {
    this.#vault.put(`node/${nodeId}/engine-token`, token);
  }

  engineToken(nodeId: string): string {
    return this.#need(`node/${nodeId}/engine-token`, `node ${nodeId}`);
  }

  removeEngineToken(nodeId: string): void {
    this.#vault.remove(`node/${nodeId}/engine-token`);
  }

  /** Of the engine that was registered before the newest deployment, in case that is taken back. */
  putEngineTokenBefore(nodeId: string, token: string): void {
    this.#vault.put(`node/${nodeId}/engine-token-before`, token);
  }

  engineTokenBefore(nodeId: string): string {
    return this.#need(`node/${nodeId}/engine-token-before`, `node ${nodeId}`);
  }

  removeEngineTokenBefore(nodeId: string): void {
    this.#vault.remove(`node/${nodeId}/engine-token-before`);
  }

  removeNode(nodeId: string): void {
    for (const secret of nodeSecrets) {
      this.#vault.remove(`node/${nodeId}/${secret}`);
    }
  }

  #authentication(node: SiteNode): NodeAuthentication {
    if (node.authentication === 'password') {
      return { kind: 'password', password: this.#need(`node/${node.id}/ssh-password`, `node ${node.name}`) };
    }
    const privateKey = this.#need(`node/${node.id}/ssh-key`, `node ${node.name}`);
    const passphrase = this.#vault.get(`node/${node.id}/ssh-key-passphrase`);
    return passphrase === undefined ? { kind: 'key', privateKey } : { kind: 'key', privateKey, passphrase };
  }

  #need(name: SecretName, whose: string): string {
    const secret = this.#vault.get(name);
    if (secret === undefined) {
      throw fail('not-found', `The vault has no secret for ${whose}.`, 'Enter it again.');
    }
    return secret;
  }
}
