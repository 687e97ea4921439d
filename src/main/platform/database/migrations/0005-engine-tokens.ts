import type { Migration } from '../migration.ts';

export const migration0005EngineTokens: Migration = {
  version: 5,
  name: 'engine tokens',
  sql: `
    -- Tokens that this desk asked a node for and that may still open its engine. The tokens themselves are never here.
    CREATE TABLE engine_token (
      node_id TEXT NOT NULL REFERENCES node (id) ON DELETE CASCADE,
      -- What the node calls it.
      token_id TEXT NOT NULL,
      -- Its revocation was begun, so that it may not work any more.
      is_revoking INTEGER NOT NULL DEFAULT 0 CHECK (is_revoking IN (0, 1)),
      PRIMARY KEY (node_id, token_id)
    ) STRICT, WITHOUT ROWID;

    -- Of the token in the vault; null where it is older than this column.
    ALTER TABLE node_engine ADD COLUMN token_id TEXT;

    -- What was registered before the newest deployment, in case that is taken back.
    CREATE TABLE node_engine_before (
      node_id TEXT PRIMARY KEY REFERENCES node (id) ON DELETE CASCADE,
      -- JSON, the inventory's StoredEngine; null when nothing was registered.
      engine TEXT
    ) STRICT, WITHOUT ROWID;
  `,
};
