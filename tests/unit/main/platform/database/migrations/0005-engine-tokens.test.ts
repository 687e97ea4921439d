import { expect, it } from 'vitest';
import { openDatabase } from '../../../../../../src/main/platform/database/index.ts';
import { migration0005EngineTokens } from '../../../../../../src/main/platform/database/migrations/0005-engine-tokens.ts';
import { migrations } from '../../../../../../src/main/platform/database/migrations/index.ts';

it('schema version 5 keeps the names of tokens, and forgets them with their node', () => {
  using closing = new DisposableStack();
  const before = migrations.slice(0, 4);
  const database = openDatabase({ path: ':memory:', migrations: before });
  closing.defer(() => database.close());
  database.exec(`
    INSERT INTO node (id, name, address, port, username, authentication, host_key_fingerprint, added_utc_ms)
      VALUES ('rec-1', 'rec-1', '10.0.0.1', 22, 'root', 'key', 'SHA256:x', 0);
    INSERT INTO node_engine (node_id, version, host, port, deployed_utc_ms, certificate_pin)
      VALUES ('rec-1', '1', 'systemd', 7443, 0, 'pin')`);
  database.exec(migration0005EngineTokens.sql);
  expect(database.prepare('SELECT token_id FROM node_engine').all()).toEqual([{ token_id: null }]);
  database.exec(`INSERT INTO engine_token (node_id, token_id) VALUES ('rec-1', 'a')`);
  expect(database.prepare('SELECT * FROM engine_token').all()).toEqual([
    { node_id: 'rec-1', token_id: 'a', is_revoking: 0 },
  ]);
  for (const statement of [
    `INSERT INTO engine_token (node_id, token_id) VALUES ('rec-1', 'a')`,
    `INSERT INTO engine_token (node_id, token_id) VALUES ('nowhere', 'b')`,
    'UPDATE engine_token SET is_revoking = 2',
  ])
    expect(() => database.exec(statement)).toThrow(/constraint failed/);
  database.exec(`INSERT INTO node_engine_before (node_id) VALUES ('rec-1'); DELETE FROM node`);
  for (const table of ['engine_token', 'node_engine', 'node_engine_before'])
    expect(database.prepare(`SELECT * FROM ${table}`).all()).toEqual([]);
});
