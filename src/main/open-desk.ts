import { readFileSync } from 'node:fs';
import { createApp } from './app.ts';
import type { DeskOptions } from './desk-protocol.ts';
import { systemClock } from './platform/clock/index.ts';
import { openDataFolder } from './platform/database/data-folder.ts';
import { migrations, openDatabase } from './platform/database/index.ts';
import { RotatingFile, createLog } from './platform/log/index.ts';
import { loadNodeHostFiles } from './platform/node-host/index.ts';
import type { Log, Vault } from './platform/ports.ts';
import { openVault, systemKeyring } from './platform/vault/index.ts';

/** A desk that listens. */
export interface RunningDesk {
  readonly port: number;
  readonly log: Log;
  issueCode(): string;
  stop(): Promise<void>;
}

const keyringTimeoutMs = 3000;
const logLimits = { maximumBytes: 5 * 1024 * 1024, keptFiles: 4 };

/** Opens the data folder and everything in it, and starts the app. Throws a `DeskError` and leaves nothing open. */
export async function openDesk(options: DeskOptions): Promise<RunningDesk> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(openDataFolder(options.dataDirectory));
  const log = createLog(opened.use(new RotatingFile({ path: folder.logPath, ...logLimits })));
  try {
    const database = opened.adopt(
      openDatabase({ path: folder.databasePath, migrations }),
      (handle) => void handle.close(),
    );
    const keyring = options.passphrase === undefined ? { keyring: systemKeyring(keyringTimeoutMs) } : {};
    const vault = await openVault({ database, log, ...keyring });
    if (options.passphrase !== undefined) await enterPassphrase(vault, options.passphrase);

    const nodeFiles = await loadNodeHostFiles(options.nodeFilesDirectory);
    const trustedKeyLine = readTrustedKey(options.trustedKeyPath, log);
    const app = createApp({ clock: systemClock, log, database, vault, nodeFiles, trustedKeyLine, options });
    const port = await app.start();
    opened.defer(() => app.stop());
    log.info({ port, version: options.version, shell: options.shell, pid: process.pid }, 'The desk listens.');
    const kept = opened.move();
    return {
      port,
      log,
      issueCode: () => app.issueCode(),
      stop: async () => {
        log.info({}, 'The desk stops.');
        await kept.disposeAsync();
      },
    };
  } catch (error) {
    log.error({ error }, 'The desk could not start.');
    throw error;
  }
}

/** Without it the desk runs all the same, and takes every bundle for damaged. */
function readTrustedKey(path: string, log: Log): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    log.warn({ error }, 'There is no key to check engine bundles with.');
    return '';
  }
}

async function enterPassphrase(vault: Vault, passphrase: string): Promise<void> {
  if (vault.state().kind === 'needs-passphrase') await vault.create(passphrase);
  else await vault.unlock(passphrase);
}
