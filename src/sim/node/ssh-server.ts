import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:net';
import type { Server as NetServer, Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { AuthContext, Connection } from 'ssh2';
import { runCommand } from './command.ts';
import type { CommandEnvironment } from './command.ts';

export interface SshServerOptions {
  readonly address: string;
  readonly port: number;
  /** OpenSSH private key. */
  readonly hostKey: string;
  readonly username: string;
  readonly password: string;
  /** Lines of an authorized_keys file. */
  readonly authorizedKeys: readonly string[];
  readonly environment: CommandEnvironment;
  /** Calls `proceed` for a new connection at once, later, or never. */
  admit(proceed: () => void): void;
  /** False makes every credential wrong. */
  acceptsCredentials(): boolean;
  /** Calls `proceed` for a new command at once or later. */
  beforeCommand(proceed: () => void): void;
}

const maxConnections = 32;
const maxSessionsPerConnection = 10;
const maxAuthenticationAttempts = 6;
const loginGraceMs = 30_000;
const identification = 'BelvedereSimulatedNode';

/** An SSH server (RFC 4253, 4252, 4254) that runs real commands: password and public key, `exec` only. */
export class SimSshServer {
  readonly #options: SshServerOptions;
  readonly #ssh: InstanceType<typeof ssh2.Server>;
  readonly #tcp: NetServer;
  readonly #sockets = new Set<Socket>();

  constructor(options: SshServerOptions) {
    this.#options = options;
    this.#ssh = new ssh2.Server({ hostKeys: [options.hostKey], ident: identification }, (connection) => {
      this.#serve(connection);
    });
    this.#tcp = createServer({ pauseOnConnect: true }, (socket) => {
      this.#accept(socket);
    });
    this.#tcp.maxConnections = maxConnections;
  }

  /** Fails with EADDRINUSE when somebody else listens there. */
  async start(): Promise<void> {
    const { address, port } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#tcp.once('error', reject);
    this.#tcp.listen(port, address, resolve);
    await promise;
    this.#tcp.off('error', reject);
  }

  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tcp.close(() => {
      resolve();
    });
    for (const socket of this.#sockets) socket.destroy();
    await promise;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    this.#options.admit(() => {
      if (socket.destroyed) return;
      this.#ssh.injectSocket(socket);
      socket.resume();
    });
  }

  #serve(connection: Connection): void {
    const loginGrace = setTimeout(() => connection.end(), loginGraceMs);
    let attempts = 0;
    let sessions = 0;
    // A client that breaks off or talks nonsense is its own problem.
    connection.on('error', () => connection.end());
    connection.on('close', () => {
      clearTimeout(loginGrace);
    });
    connection.on('authentication', (context) => {
      attempts += 1;
      if (attempts > maxAuthenticationAttempts) connection.end();
      else if (this.#options.acceptsCredentials() && this.#isGenuine(context)) context.accept();
      else context.reject(['password', 'publickey']);
    });
    connection.on('ready', () => {
      clearTimeout(loginGrace);
    });
    connection.on('session', (accept, reject) => {
      if (sessions >= maxSessionsPerConnection) {
        reject();
        return;
      }
      sessions += 1;
      const session = accept();
      session.on('close', () => {
        sessions -= 1;
      });
      session.once('exec', (acceptCommand, rejectCommand, { command }) => {
        this.#options.beforeCommand(() => {
          const channel = acceptCommand();
          runCommand(command, { channel, session }, this.#options.environment);
        });
        session.on('exec', () => {
          rejectCommand();
        });
      });
    });
  }

  #isGenuine(context: AuthContext): boolean {
    if (!isSame(context.username, this.#options.username)) return false;
    if (context.method === 'password') return isSame(context.password, this.#options.password);
    if (context.method !== 'publickey') return false;
    for (const line of this.#options.authorizedKeys) {
      const key = ssh2.utils.parseKey(line);
      if (key instanceof Error) continue;
      if (key.type !== context.key.algo && !context.key.algo.startsWith('rsa-sha2-')) continue;
      if (!key.getPublicSSH().equals(context.key.data)) continue;
      // Without a signature the client only asks whether the key would do (RFC 4252 §7).
      if (context.signature === undefined || context.blob === undefined) return true;
      // It may be an Error, whatever its type says.
      const verdict: unknown = key.verify(context.blob, context.signature, context.hashAlgo);
      return verdict === true;
    }
    return false;
  }
}

/** Compares in constant time whatever the lengths. */
function isSame(left: string, right: string): boolean {
  return timingSafeEqual(digest(left), digest(right));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
