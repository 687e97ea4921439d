import type { Migration } from '../migration.ts';

export const migration0001Site: Migration = {
  version: 1,
  name: 'site',
  sql: `
    -- The site itself: exactly one row.
    CREATE TABLE site (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100)
    ) STRICT;
    INSERT INTO site (id, name) VALUES (1, 'New site');

    -- Where the key that encrypts the secrets comes from. The key itself is here only wrapped: by a key in the operating
    -- system's keyring, or by one derived from a passphrase (scrypt, RFC 7914).
    CREATE TABLE vault_key (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      -- Names the entry in the keyring, and is authenticated with every secret.
      vault_id TEXT NOT NULL,
      protection TEXT NOT NULL CHECK (protection IN ('keyring', 'passphrase')),
      scrypt_salt BLOB,
      scrypt_cost INTEGER,
      scrypt_block_size INTEGER,
      scrypt_parallelization INTEGER,
      wrapped_key BLOB NOT NULL,
      CHECK ((protection = 'passphrase') = (scrypt_salt IS NOT NULL)),
      CHECK ((protection = 'passphrase') = (scrypt_cost IS NOT NULL)),
      CHECK ((protection = 'passphrase') = (scrypt_block_size IS NOT NULL)),
      CHECK ((protection = 'passphrase') = (scrypt_parallelization IS NOT NULL))
    ) STRICT;

    -- AES-256-GCM: format byte, nonce, tag, ciphertext; the name is authenticated with it.
    CREATE TABLE secret (
      name TEXT PRIMARY KEY,
      sealed BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- The live wall: exactly one row, and one row for each tile with a camera.
    CREATE TABLE wall (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      tile_count INTEGER NOT NULL CHECK (tile_count IN (1, 4, 9, 16))
    ) STRICT;
    INSERT INTO wall (id, tile_count) VALUES (1, 4);

    CREATE TABLE wall_tile (
      position INTEGER PRIMARY KEY CHECK (position BETWEEN 0 AND 15),
      camera_id TEXT NOT NULL
    ) STRICT;
  `,
};
