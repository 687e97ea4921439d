import { NodeSSH } from 'node-ssh';
import type { Config } from 'node-ssh';
import ssh2 from 'ssh2';
import type { ConnectConfig } from 'ssh2';
import { DeskError } from '../../failure.ts';
import { Ssh2Connection } from './connection.ts';
import { dial } from './dial.ts';
import * as failures from './failures.ts';
import { algorithmOf, bannerOf, fingerprintOf } from './host-key.ts';
import type { HostKey, Ssh, SshConnection, SshEndpoint, SshTarget } from './ports.ts';

export interface SshTimeouts {
  /** TCP connection. */
  readonly connectMs: number;
  /** Key exchange and sign-in together. */
  readonly handshakeMs: number;
  /** A silent server is asked for a sign of life this often, and given up after three without an answer. */
  readonly keepaliveMs: number;
}

const defaultTimeouts: SshTimeouts = { connectMs: 10_000, handshakeMs: 20_000, keepaliveMs: 10_000 };
const keepaliveAttempts = 3;
const greetingLimitBytes = 4_096;

/** AES-GCM first: it runs in OpenSSL, whereas ssh2 computes ChaCha20-Poly1305 itself. */
const algorithms = {
  cipher: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'chacha20-poly1305@openssh.com',
    'aes256-ctr',
    'aes128-ctr',
  ],
} satisfies ConnectConfig['algorithms'];

export function createSsh(timeouts: Partial<SshTimeouts> = {}): Ssh {
  return new Ssh2(timeouts);
}

class Ssh2 implements Ssh {
  readonly #timeouts: SshTimeouts;

  constructor(timeouts: Partial<SshTimeouts>) {
    this.#timeouts = { ...defaultTimeouts, ...timeouts };
  }

  async readHostKey(endpoint: SshEndpoint, signal: AbortSignal): Promise<HostKey> {
    const { connectMs, handshakeMs } = this.#timeouts;
    const socket = await dial(endpoint, connectMs, signal);
    let greeting = '';
    socket.on('data', (chunk: Buffer) => {
      if (greeting.length < greetingLimitBytes) greeting += chunk.toString('latin1');
    });
    const client = new ssh2.Client();
    const { promise, resolve, reject } = Promise.withResolvers<HostKey>();
    const onAbort = (): void => {
      reject(failures.abortFailure(endpoint, signal));
    };
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    client.on('error', (error) => {
      reject(this.#handshakeFailure(endpoint, error));
    });
    client.on('close', () => {
      reject(failures.notSshFailure(endpoint));
    });
    client.connect({
      sock: socket,
      // Never sent: the key exchange ends with our refusal.
      username: 'nobody',
      readyTimeout: handshakeMs,
      algorithms,
      hostVerifier: (key: Buffer): boolean => {
        resolve({ fingerprint: fingerprintOf(key), algorithm: algorithmOf(key), banner: bannerOf(greeting) });
        return false;
      },
    });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      client.destroy();
      socket.destroy();
    }
  }

  async connect(target: SshTarget, signal: AbortSignal): Promise<SshConnection> {
    const { connectMs, handshakeMs, keepaliveMs } = this.#timeouts;
    const socket = await dial(target, connectMs, signal);
    let shown: string | undefined;
    const config: Config = {
      sock: socket,
      username: target.username,
      readyTimeout: handshakeMs,
      keepaliveInterval: keepaliveMs,
      keepaliveCountMax: keepaliveAttempts,
      algorithms,
      hostVerifier: (key: Buffer): boolean => {
        shown = fingerprintOf(key);
        return shown === target.hostKeyFingerprint;
      },
      ...credentials(target),
    };
    const ssh = new NodeSSH();
    const onAbort = (): void => {
      socket.destroy();
    };
    signal.addEventListener('abort', onAbort);
    try {
      await ssh.connect(config);
      const client = ssh.connection;
      if (client === null) throw failures.brokenFailure(target);
      return new Ssh2Connection(ssh, client, target);
    } catch (error) {
      socket.destroy();
      if (signal.aborted) throw failures.abortFailure(target, signal);
      if (shown !== undefined && shown !== target.hostKeyFingerprint)
        throw failures.hostKeyFailure(target, shown);
      throw this.#signInFailure(target, error);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #signInFailure(target: SshTarget, error: unknown): DeskError {
    if (error instanceof Error && error.message.startsWith('Cannot parse privateKey')) {
      return failures.unreadableKeyFailure(target);
    }
    if (levelOf(error) === 'client-authentication') return failures.credentialsFailure(target);
    return this.#handshakeFailure(target, error);
  }

  #handshakeFailure(endpoint: SshEndpoint, error: unknown): DeskError {
    if (error instanceof DeskError) return error;
    const level = levelOf(error);
    if (level === 'client-timeout') {
      return failures.handshakeTimeoutFailure(endpoint, this.#timeouts.handshakeMs);
    }
    if (level === 'client-socket') return failures.connectFailure(endpoint, error);
    return failures.notSshFailure(endpoint);
  }
}

function credentials({ authentication }: SshTarget): Partial<Config> {
  if (authentication.kind === 'key') {
    const { privateKey, passphrase } = authentication;
    return passphrase === undefined ? { privateKey } : { privateKey, passphrase };
  }
  const { password } = authentication;
  const answer: NonNullable<Config['onKeyboardInteractive']> = (...[, , , prompts, finish]) => {
    finish(prompts.map((prompt) => (prompt.echo === true ? '' : password)));
  };
  // Servers that offer only PAM's prompt want the same password there (RFC 4256).
  return { password, tryKeyboard: true, onKeyboardInteractive: answer };
}

/** ssh2 marks its errors with the layer that they come from. */
function levelOf(error: unknown): string | undefined {
  return error instanceof Error && 'level' in error && typeof error.level === 'string'
    ? error.level
    : undefined;
}
