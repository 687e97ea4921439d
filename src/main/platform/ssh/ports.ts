import type { Readable } from 'node:stream';
import type { NodeAuthentication } from '../../../shared/contract/index.ts';

/** Where an SSH server listens, and what to call it in messages. */
export interface SshEndpoint {
  /** Management address. */
  readonly address: string;
  readonly port: number;
  /** The node's name; without it messages say `ADDRESS:PORT`. */
  readonly nodeName?: string;
}

/** A server that is known: who to be there, and which host key it must show. */
export interface SshTarget extends SshEndpoint {
  readonly username: string;
  readonly authentication: NodeAuthentication;
  /** Pinned at enrolment, OpenSSH form `SHA256:...` (base64 without padding). */
  readonly hostKeyFingerprint: string;
}

/** What a server showed before anything was trusted. */
export interface HostKey {
  /** OpenSSH form, `SHA256:...`. */
  readonly fingerprint: string;
  /** Key type as in RFC 4253 §6.6, such as `ssh-ed25519`. */
  readonly algorithm: string;
  /** Identification string, RFC 4253 §4.2, such as `SSH-2.0-OpenSSH_9.2p1`; control characters removed. */
  readonly banner: string;
}

export interface ExecOptions {
  readonly signal?: AbortSignal;
  /** From the request to the command's end; 30 s unless told. */
  readonly timeoutMs?: number;
  /** Written to the command, then end of file. The only way a secret may travel. Without it the command's input is open and silent. */
  readonly stdin?: string | Readable;
  /** Bound of standard output and of standard error, each; 1 MiB unless told. More fails with `command-failed`. */
  readonly maxOutputBytes?: number;
}

/** How a command ended. A status other than 0 is a result, not an error. */
export interface ExecResult {
  /** None when a signal ended it. */
  readonly exitCode: number | undefined;
  /** Without `SIG`, RFC 4254 §6.10. */
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface UploadOptions {
  readonly signal?: AbortSignal;
  /** Whole upload; 15 minutes unless told. */
  readonly timeoutMs?: number;
  /** Fails with `timed-out` when no byte went out for this long; 30 s unless told. */
  readonly stallTimeoutMs?: number;
  /** Hex SHA-256 the file on the node must have in the end. */
  readonly sha256: string;
  readonly byteLength: number;
  onProgress?(sentBytes: number): void;
}

/**
 * One signed-in connection. Every method fails with a `DeskError`: `unreachable` when the connection is gone, `timed-out`,
 * `cancelled`. A cancelled or timed-out command's channel is closed and the command sent SIGKILL.
 */
export interface SshConnection extends AsyncDisposable {
  /** False once the connection broke off or was closed. */
  readonly isOpen: boolean;
  /** Runs `command` with the login shell. Build it with `shellCommand`, never by joining text. */
  exec(command: string, options?: ExecOptions): Promise<ExecResult>;
  /**
   * Writes a stream to `remotePath` (mode 0600) by way of `cat`, then compares its SHA-256 there. A failed upload leaves no
   * file. Fails also with `no-space` and `bundle-damaged`.
   */
  upload(source: Readable, remotePath: string, options: UploadOptions): Promise<void>;
}

export interface Ssh {
  /** Goes only as far as the key exchange, then closes. Fails with `unreachable`, `timed-out` or `cancelled`. */
  readHostKey(endpoint: SshEndpoint, signal: AbortSignal): Promise<HostKey>;
  /** Fails with `host-key-changed`, `credentials-refused`, `unreachable`, `timed-out` or `cancelled`. */
  connect(target: SshTarget, signal: AbortSignal): Promise<SshConnection>;
}
