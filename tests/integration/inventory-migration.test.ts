import { afterEach, describe, expect, it } from 'vitest';
import { migrations, openDatabase, type Migration } from '../../src/main/platform/database/index.ts';
import type { Database } from '../../src/main/platform/ports.ts';

const node = `INSERT INTO node (id, name, address, port, username, authentication, host_key_fingerprint, added_utc_ms)
  VALUES ('rec-1', 'rec-1', '10.0.0.1', 22, 'root', 'key', 'SHA256:x', 0)`;
const engine = `INSERT INTO node_engine (node_id, version, host, port, deployed_utc_ms, certificate_pin)
  VALUES ('rec-1', '1', 'systemd', 7443, 0, 'pin')`;
const config = `INSERT INTO node_config (node_id, engine_version, fingerprint) VALUES ('rec-1', 1, 'f')`;
const camera = `INSERT INTO camera (id, name, address, endpoint_reference, service_url, profiles, main_uri, node_id, added_utc_ms)
  VALUES ('gate', 'Gate', '10.0.0.5', 'urn:uuid:1', 'http://10.0.0.5/', '[]', 'rtsp://10.0.0.5/', 'rec-1', 0)`;

const opened: Database[] = [];
afterEach(() => {
  for (const database of opened.splice(0)) database.close();
});

/** In memory, until the test's end. */
function open(upTo: readonly Migration[]): Database {
  const database = openDatabase({ path: ':memory:', migrations: upTo });
  opened.push(database);
  return database;
}

describe('the second migration', () => {
  it('brings a database of the first version to cameras and nodes, and keeps what was there', () => {
    const database = open(migrations.slice(0, 1));
    database.exec(`UPDATE site SET name = 'Harbour'`);
    for (const { sql, version } of migrations.slice(1, 2)) {
      expect(version).toBe(2);
      database.exec(sql);
    }
    database.exec([node, engine, config, camera].join(';'));
    expect(database.prepare('SELECT name FROM site').pluck().get()).toBe('Harbour');
    expect(database.prepare('SELECT credential_revision FROM camera').pluck().all()).toEqual([0]);
  });

  it.each([
    ['a camera on a node that is not there', [camera], /FOREIGN KEY/],
    ['two nodes at one address', [node, node.replace("'rec-1',", "'rec-2',")], /UNIQUE.*node\.address/],
    [
      'one camera twice',
      [node, camera, camera.replace("'gate',", "'gate-2',")],
      /UNIQUE.*camera\.endpoint_reference/,
    ],
    ['a node to go while cameras are on it', [node, camera, 'DELETE FROM node'], /FOREIGN KEY/],
    ['text where a number belongs', [node.replace('22', "'ssh'")], /cannot store TEXT/],
  ])('does not allow %s', (_what, statements, message) => {
    const database = open(migrations);
    expect(() => database.exec(statements.join(';'))).toThrow(message);
  });

  it('forgets the engine of a node that goes', () => {
    const database = open(migrations);
    database.exec([node, engine, config, 'DELETE FROM node'].join(';'));
    const count = (table: string): unknown => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
    expect([count('node_engine'), count('node_config')]).toEqual([0, 0]);
  });
});
