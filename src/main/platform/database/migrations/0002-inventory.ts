import type { Migration } from '../migration.ts';

export const migration0002Inventory: Migration = {
  version: 2,
  name: 'inventory',
  sql: `
    -- Where discovery may send anything; no row while the person has not chosen.
    CREATE TABLE discovery_scope (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      -- JSON, the contract's DiscoveryScope.
      scope TEXT NOT NULL
    ) STRICT;

    CREATE TABLE node (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
      -- Management address.
      address TEXT NOT NULL,
      port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
      username TEXT NOT NULL,
      authentication TEXT NOT NULL CHECK (authentication IN ('password', 'key')),
      host_key_fingerprint TEXT NOT NULL,
      added_utc_ms INTEGER NOT NULL,
      UNIQUE (address, port)
    ) STRICT, WITHOUT ROWID;

    -- The engine on a node. Its token is a secret of the vault.
    CREATE TABLE node_engine (
      node_id TEXT PRIMARY KEY REFERENCES node (id) ON DELETE CASCADE,
      version TEXT NOT NULL,
      host TEXT NOT NULL CHECK (host IN ('systemd', 'supervised')),
      port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
      deployed_utc_ms INTEGER NOT NULL,
      -- Base64 SHA-256 of the certificate's SubjectPublicKeyInfo.
      certificate_pin TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- The configuration that an engine acknowledged last.
    CREATE TABLE node_config (
      node_id TEXT PRIMARY KEY REFERENCES node (id) ON DELETE CASCADE,
      -- The engine's configuration version after it.
      engine_version INTEGER NOT NULL,
      -- SHA-256 of what was sent, with credential revisions in place of passwords.
      fingerprint TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE camera (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
      address TEXT NOT NULL,
      manufacturer TEXT,
      model TEXT,
      serial_number TEXT,
      -- WS-Discovery's, the same after an address change.
      endpoint_reference TEXT UNIQUE,
      -- ONVIF device service.
      service_url TEXT NOT NULL,
      username TEXT,
      -- Counts changes of user name or password, so that nodes hear of them without the password being compared.
      credential_revision INTEGER NOT NULL DEFAULT 0,
      -- JSON, the contract's CameraProfile list.
      profiles TEXT NOT NULL,
      main_uri TEXT NOT NULL,
      sub_uri TEXT,
      node_id TEXT REFERENCES node (id) ON DELETE RESTRICT,
      added_utc_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX camera_by_node ON camera (node_id);
  `,
};
