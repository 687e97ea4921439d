import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../../../../src/main/platform/database/index.ts';
import { migration0001Site } from '../../../../../../src/main/platform/database/migrations/0001-site.ts';
import type { Database } from '../../../../../../src/main/platform/ports.ts';

let database: Database;
beforeEach(() => {
  database = openDatabase({ path: ':memory:', migrations: [migration0001Site] });
});
afterEach(() => void database.close());

const rowsOf = (table: string): unknown[] => database.prepare(`SELECT * FROM ${table}`).all();

describe('schema version 1', () => {
  it('makes one site with an empty wall and no key', () => {
    expect(database.pragma('user_version', { simple: true })).toBe(1);
    expect(rowsOf('site')).toEqual([{ id: 1, name: 'New site' }]);
    expect(rowsOf('wall')).toEqual([{ id: 1, tile_count: 4 }]);
    expect(['wall_tile', 'secret', 'vault_key'].flatMap(rowsOf)).toEqual([]);
  });

  it.each([
    ["INSERT INTO site VALUES (2, 'second')"],
    ["UPDATE site SET name = ''"],
    ['UPDATE wall SET tile_count = 5'],
    ["INSERT INTO wall_tile VALUES (16, 'gate')"],
    ["INSERT INTO vault_key VALUES (1, 'v', 'nothing', NULL, NULL, NULL, NULL, x'00')"],
    ["INSERT INTO vault_key VALUES (1, 'v', 'passphrase', NULL, NULL, NULL, NULL, x'00')"],
    ["INSERT INTO vault_key VALUES (1, 'v', 'keyring', x'00', 1, 1, 1, x'00')"],
    ["INSERT INTO secret VALUES ('name', 'text, not bytes')"],
  ])('refuses %s', (sql) => {
    expect(() => database.exec(sql)).toThrow(/constraint failed|cannot store/);
  });
});
