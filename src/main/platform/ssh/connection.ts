import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import type { NodeSSH } from 'node-ssh';
import type { Client } from 'ssh2';
import { followChannel } from './channel.ts';
import type { ChannelLimits } from './channel.ts';
import * as failures from './failures.ts';
import type { ExecOptions, ExecResult, SshConnection, SshEndpoint, UploadOptions } from './ports.ts';
import { shellScript } from './shell.ts';

const defaultExecTimeoutMs = 30_000;
const defaultMaxOutputBytes = 1 << 20;
const defaultUploadTimeoutMs = 15 * 60_000;
const defaultStallTimeoutMs = 30_000;
const channelOpenTimeoutMs = 15_000;
const closeTimeoutMs = 2_000;
const maxCommandsAtOnce = 64;

/** What `receiveScript` exits with when another file arrived than was sent; EX_DATAERR of sysexits.h. */
const differsStatus = 65;

/** Receives a file on standard input; only a complete and right one gets its name. */
const receiveScript = `
umask 077
trap 'rm -f "$1.part"' EXIT
cat >"$1.part" && sum=$(sha256sum "$1.part") || exit 1
[ "\${sum%% *}" = "$2" ] || exit ${String(differsStatus)}
mv -f "$1.part" "$1"
`;

/** A signed-in connection. node-ssh signs in; commands use ssh2's channels, because node-ssh gathers output without bound. */
export class Ssh2Connection implements SshConnection {
  readonly #ssh: NodeSSH;
  readonly #client: Client;
  readonly #endpoint: SshEndpoint;
  readonly #closed: Promise<void>;
  #isClosed = false;

  constructor(ssh: NodeSSH, client: Client, endpoint: SshEndpoint) {
    this.#ssh = ssh;
    this.#client = client;
    this.#endpoint = endpoint;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = promise;
    client.on('error', () => client.destroy());
    // One listener a command that is being opened.
    client.setMaxListeners(maxCommandsAtOnce);
    client.once('close', () => {
      this.#isClosed = true;
      resolve();
    });
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const result = await this.#run(command, {
      endpoint: this.#endpoint,
      timeoutMs: options.timeoutMs ?? defaultExecTimeoutMs,
      maxOutputBytes: options.maxOutputBytes ?? defaultMaxOutputBytes,
      stdin: options.stdin,
      signal: options.signal,
    });
    if (result.exitCode === undefined && result.signal === undefined) {
      throw failures.brokenFailure(this.#endpoint);
    }
    return result;
  }

  async upload(source: Readable, remotePath: string, options: UploadOptions): Promise<void> {
    const stall = new AbortController();
    using watchdog = new Watchdog(options.stallTimeoutMs ?? defaultStallTimeoutMs, (waitedMs) => {
      stall.abort(failures.stalledFailure(this.#endpoint, waitedMs));
    });
    let sentBytes = 0;
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done): void {
        sentBytes += chunk.length;
        watchdog.feed();
        options.onProgress?.(sentBytes);
        done(null, chunk);
      },
    });
    source.on('error', (error) => counted.destroy(error));
    try {
      const result = await this.exec(shellScript(receiveScript, remotePath, options.sha256), {
        stdin: source.pipe(counted),
        timeoutMs: options.timeoutMs ?? defaultUploadTimeoutMs,
        signal: options.signal === undefined ? stall.signal : AbortSignal.any([stall.signal, options.signal]),
      });
      this.#checkReceipt(result, remotePath);
    } catch (error) {
      await this.#removePartial(remotePath);
      throw error;
    } finally {
      source.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#ssh.dispose();
    const timer = setTimeout(() => this.#client.destroy(), closeTimeoutMs);
    await this.#closed;
    clearTimeout(timer);
  }

  #checkReceipt(result: ExecResult, remotePath: string): void {
    if (result.exitCode === 0) return;
    if (result.exitCode === differsStatus) throw failures.uploadDamagedFailure(this.#endpoint);
    if (failures.saysNoSpace(result.stderr)) throw failures.noSpaceFailure(this.#endpoint, remotePath);
    throw failures.writeFailure(this.#endpoint, remotePath, result.stderr.trim().slice(0, 300));
  }

  /** The receiving shell may have been killed before it could clean up. */
  async #removePartial(remotePath: string): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.exec(shellScript('rm -f "$1.part"', remotePath), { timeoutMs: closeTimeoutMs });
    } catch {
      // The connection is gone too; the next upload overwrites the file.
    }
  }

  async #run(command: string, limits: ChannelLimits): Promise<ExecResult> {
    const { signal } = limits;
    if (signal?.aborted === true) throw failures.abortFailure(this.#endpoint, signal);
    if (this.#isClosed) throw failures.brokenFailure(this.#endpoint);
    const { promise, resolve, reject } = Promise.withResolvers<ExecResult>();
    let isAwaited = true;
    using opening = new DisposableStack();
    opening.defer(() => {
      isAwaited = false;
    });
    const timer = setTimeout(() => {
      reject(failures.commandTimeoutFailure(this.#endpoint, channelOpenTimeoutMs));
    }, channelOpenTimeoutMs);
    opening.defer(() => clearTimeout(timer));
    if (signal !== undefined) {
      const onAbort = (): void => {
        reject(failures.abortFailure(this.#endpoint, signal));
      };
      signal.addEventListener('abort', onAbort);
      opening.defer(() => {
        signal.removeEventListener('abort', onAbort);
      });
    }
    const onClose = (): void => {
      reject(failures.brokenFailure(this.#endpoint));
    };
    this.#client.once('close', onClose);
    opening.defer(() => this.#client.off('close', onClose));

    this.#client.exec(command, (error, channel) => {
      if (!isAwaited) {
        if (error === undefined) channel.close();
        return;
      }
      opening.dispose();
      if (error !== undefined) reject(failures.commandRefusedFailure(this.#endpoint));
      // At once: a short command's end may be in the same packet as its beginning.
      else resolve(followChannel(channel, limits));
    });
    return await promise;
  }
}

/** Barks when it was not fed for a while. */
class Watchdog implements Disposable {
  readonly #timer: NodeJS.Timeout;

  constructor(timeoutMs: number, bark: (waitedMs: number) => void) {
    this.#timer = setTimeout(bark, timeoutMs, timeoutMs);
  }

  feed(): void {
    this.#timer.refresh();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
