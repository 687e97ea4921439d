import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataFolder } from '../../src/main/platform/database/data-folder.ts';
import { migrations, openDatabase } from '../../src/main/platform/database/index.ts';
import { RotatingFile } from '../../src/main/platform/log/index.ts';
import { type Keyring, openVault } from '../../src/main/platform/vault/index.ts';
import type { Database, Vault } from '../../src/main/platform/ports.ts';
import { MemoryLog } from './memory-log.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'belvedere-data-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function schemaOf(database: Database): unknown[] {
  return database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all();
}

describe("the site's database", () => {
  it('has the same schema whether made new or brought there step by step, with rows in it', () => {
    const path = join(directory, 'stepwise.sqlite');
    for (const count of migrations.keys()) {
      const database = openDatabase({ path, migrations: migrations.slice(0, count + 1) });
      database.prepare('UPDATE site SET name = ?').run(`after ${count + 1}`);
      database.close();
    }
    const stepwise = openDatabase({ path, migrations });
    const fresh = openDatabase({ path: ':memory:', migrations });
    expect(schemaOf(stepwise)).toEqual(schemaOf(fresh));
    expect(stepwise.prepare('SELECT name FROM site').get()).toEqual({ name: `after ${migrations.length}` });
    expect(stepwise.pragma('foreign_key_check')).toEqual([]);
    stepwise.close();
    fresh.close();
  });

  it('has only strict tables, and versions without holes', () => {
    const database = openDatabase({ path: ':memory:', migrations });
    const lax = database
      .prepare(`SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0
      AND name NOT LIKE 'sqlite_%'`)
      .all();
    expect(lax).toEqual([]);
    expect(migrations.map(({ version }) => version)).toEqual(
      migrations.map((_migration, index) => index + 1),
    );
    database.close();
  });

  it('of a newer version is refused and left as it was', async () => {
    const path = join(directory, 'site.sqlite');
    const newer = new Sqlite(path);
    newer.exec('CREATE TABLE future (id INTEGER PRIMARY KEY) STRICT; PRAGMA user_version = 99');
    newer.close();
    const before = await readFile(path);
    expect(() => openDatabase({ path, migrations })).toThrow(
      expect.objectContaining({
        failure: {
          code: 'database-newer',
          message: `The site's database at ${path} has schema version 99; this Belvedere knows versions up to ${migrations.length}.`,
          remedy: 'Open it with the newer Belvedere that wrote it, or choose another data folder.',
        },
      }),
    );
    expect(await readFile(path)).toEqual(before);
    expect(await readdir(directory)).toEqual(['site.sqlite']);
  });

  it('that is damaged is said to be', async () => {
    const path = join(directory, 'site.sqlite');
    await writeFile(path, 'this is no database, and long enough to be looked at as one'.repeat(100));
    expect(() => openDatabase({ path, migrations })).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ code: 'database-damaged' }) }),
    );
  });

  it('keeps what was there when a migration fails', () => {
    const path = join(directory, 'site.sqlite');
    openDatabase({ path, migrations }).close();
    const broken = {
      version: migrations.length + 1,
      name: 'broken',
      sql: 'CREATE TABLE half (id INTEGER) STRICT; nonsense',
    };
    expect(() => openDatabase({ path, migrations: [...migrations, broken] })).toThrow(/syntax error/);
    const database = openDatabase({ path, migrations });
    expect(database.prepare("SELECT name FROM sqlite_schema WHERE name = 'half'").all()).toEqual([]);
    database.close();
  });
});

describe('the data folder', () => {
  it('is for its owner only and belongs to one desk at a time', async () => {
    const path = join(directory, 'data');
    const first = openDataFolder(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    const inUse = {
      failure: {
        code: 'data-folder-in-use',
        message: `Another Belvedere (process ${process.pid}) has the data folder ${path} open.`,
        remedy: 'Go to its window, or close it and start again; --data DIR opens another site.',
      },
    };
    expect(() => openDataFolder(path)).toThrow(expect.objectContaining(inUse));
    first[Symbol.dispose]();
    openDataFolder(path)[Symbol.dispose]();
  });

  it('is free again after its desk was killed', async () => {
    const path = join(directory, 'data');
    const module = new URL('../../src/main/platform/database/data-folder.ts', import.meta.url).href;
    const program = `const { openDataFolder } = await import(${JSON.stringify(module)});
      globalThis.held = openDataFolder(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1e6);`;
    const holder = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    expect(() => openDataFolder(path)).toThrow(new RegExp(`process ${holder.pid}`));
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    openDataFolder(path)[Symbol.dispose]();
  });

  it('cannot be a file', async () => {
    const path = join(directory, 'file');
    await writeFile(path, '');
    expect(() => openDataFolder(path)).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ code: 'invalid-input' }) }),
    );
  });
});

describe('the log file', () => {
  it('stays below its bound, keeps the newest files and begins a new one at each start', async () => {
    const path = join(directory, 'logs', 'desk.log');
    const options = { path, maximumBytes: 100, keptFiles: 2 };
    const log = new RotatingFile(options);
    for (let line = 0; line < 20; line += 1) log.write(`${'x'.repeat(38)}${String(line).padStart(2)}\n`);
    log[Symbol.dispose]();
    new RotatingFile(options)[Symbol.dispose]();
    const files = await readdir(join(directory, 'logs'));
    expect(files.toSorted()).toEqual(['desk.1.log', 'desk.2.log', 'desk.log']);
    expect(await readFile(path, 'utf8')).toBe('');
    expect(await readFile(join(directory, 'logs', 'desk.1.log'), 'utf8')).toMatch(/18\n.*19\n$/);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('counts what the disk refuses and goes on', () => {
    const log = new RotatingFile({ path: join(directory, 'desk.log'), maximumBytes: 1000, keptFiles: 1 });
    log[Symbol.dispose]();
    log.write('lost\n');
    expect(log.lostLines).toBe(1);
  });
});

class MemoryKeyring implements Keyring {
  readonly entries = new Map<string, Buffer>();
  isBroken = false;

  async read(account: string): Promise<Buffer | undefined> {
    if (this.isBroken) throw new Error('The keyring is locked.');
    return this.entries.get(account);
  }
  async write(account: string, key: Buffer): Promise<void> {
    if (this.isBroken) throw new Error('The keyring is locked.');
    this.entries.set(account, key);
  }
  async remove(account: string): Promise<void> {
    this.entries.delete(account);
  }
}

describe('the vault', () => {
  const passphrase = 'correct horse battery staple';
  const secret = 'camera-pässword';
  let database: Database;
  const log = new MemoryLog();
  const open = (keyring?: Keyring): Promise<Vault> =>
    openVault({ database, log, scryptCost: 2 ** 12, ...(keyring && { keyring }) });

  beforeEach(() => {
    database = openDatabase({ path: join(directory, 'site.sqlite'), migrations });
  });
  afterEach(() => void database.close());

  it('asks for a passphrase where no keyring answers, and opens with that one only', async () => {
    const vault = await open();
    expect(vault.state()).toEqual({ kind: 'needs-passphrase' });
    expect(() => vault.put('camera/gate/password', secret)).toThrow(/vault is locked/);
    await vault.create(passphrase);
    vault.put('camera/gate/password', secret);
    await expect(vault.create(passphrase)).rejects.toMatchObject({ failure: { code: 'conflict' } });

    const again = await open();
    expect(again.state()).toEqual({ kind: 'locked' });
    await expect(again.unlock('wrong horse battery staple')).rejects.toMatchObject({
      failure: {
        code: 'wrong-passphrase',
        message: 'That is not the passphrase of this vault.',
        remedy: 'Try again.',
      },
    });
    expect(() => again.get('camera/gate/password')).toThrow(/vault is locked/);
    const states: unknown[] = [];
    using listening = new DisposableStack();
    listening.use(again.onChange(() => states.push(again.state())));
    await again.unlock(passphrase);
    expect(states).toEqual([{ kind: 'unlocked', protection: 'passphrase' }]);
    expect(again.get('camera/gate/password')).toBe(secret);
    again.remove('camera/gate/password');
    expect(again.get('camera/gate/password')).toBeUndefined();
  });

  it('keeps its key in the keyring where one answers, and stays locked when that is gone', async () => {
    const keyring = new MemoryKeyring();
    const vault = await open(keyring);
    expect(vault.state()).toEqual({ kind: 'unlocked', protection: 'keyring' });
    expect(keyring.entries.size).toBe(1);
    vault.put('node/rec-1/ssh-password', secret);
    expect((await open(keyring)).get('node/rec-1/ssh-password')).toBe(secret);

    keyring.isBroken = true;
    const locked = await open(keyring);
    expect(locked.state()).toEqual({ kind: 'locked' });
    await expect(locked.unlock('')).rejects.toMatchObject({ failure: { code: 'vault-locked' } });
    keyring.isBroken = false;
    await locked.unlock('');
    expect(locked.get('node/rec-1/ssh-password')).toBe(secret);
  });

  it('falls back to a passphrase when the keyring does not work', async () => {
    const keyring = new MemoryKeyring();
    keyring.isBroken = true;
    expect((await open(keyring)).state()).toEqual({ kind: 'needs-passphrase' });
  });

  it('does not take a secret that was put under another name', async () => {
    const vault = await open();
    await vault.create(passphrase);
    vault.put('camera/gate/password', secret);
    database.exec("INSERT INTO secret SELECT 'camera/yard/password', sealed FROM secret");
    expect(vault.get('camera/yard/password')).toBeUndefined();
  });

  it('rolls back with the transaction it is part of', async () => {
    const vault = await open();
    await vault.create(passphrase);
    const failing = database.transaction(() => {
      vault.put('camera/gate/password', secret);
      throw new Error('rolled back');
    });
    expect(() => failing()).toThrow('rolled back');
    expect(vault.get('camera/gate/password')).toBeUndefined();
  });

  it('leaves neither secret nor passphrase nor key in the file or the log', async () => {
    const keyring = new MemoryKeyring();
    const vault = await open(keyring);
    vault.put('camera/gate/password', secret);
    database.pragma('wal_checkpoint(TRUNCATE)');
    const file = await readFile(join(directory, 'site.sqlite'));
    for (const hidden of [Buffer.from(secret), Buffer.from(passphrase), ...keyring.entries.values()])
      expect(file.includes(hidden)).toBe(false);
    expect(log.text).not.toContain(secret);
    expect(log.text).not.toContain(passphrase);
  });
});
