import { z } from 'zod';
import type { Database } from '../../platform/ports.ts';

/** What a deployment leaves behind, without the token. */
export const StoredEngine = z.object({
  version: z.string(),
  host: z.enum(['systemd', 'supervised']),
  port: z.int(),
  deployedUtcMs: z.number(),
  /** Base64 SHA-256 of the certificate's SubjectPublicKeyInfo. */
  certificatePin: z.string(),
  /** What the node calls the token; absent where it was issued before the desk kept that. */
  tokenId: z.string().optional(),
});
export type StoredEngine = z.infer<typeof StoredEngine>;

const BeforeRow = z.object({ engine: z.string().nullable() });
const TokenRow = z.object({ tokenId: z.string(), isRevoking: z.int() });

/** A token that may still open an engine. */
export interface HeldToken {
  readonly tokenId: string;
  /** It may not work any more. */
  readonly isRevoking: boolean;
}

/** The tables of the engines' registration. Knows no rules but the schema's. */
export class EngineStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put(nodeId: string, engine: StoredEngine): void {
    this.#database
      .prepare(
        `INSERT INTO node_engine (node_id, version, host, port, deployed_utc_ms, certificate_pin, token_id)
         VALUES (@nodeId, @version, @host, @port, @deployedUtcMs, @certificatePin, @tokenId)
         ON CONFLICT (node_id) DO UPDATE SET version = excluded.version, host = excluded.host, port = excluded.port,
           deployed_utc_ms = excluded.deployed_utc_ms, certificate_pin = excluded.certificate_pin,
           token_id = excluded.token_id`,
      )
      .run({ nodeId, ...engine, tokenId: engine.tokenId ?? null });
  }

  remove(nodeId: string): void {
    this.#database.prepare('DELETE FROM node_engine WHERE node_id = ?').run(nodeId);
  }

  /** What was registered before; undefined when nothing is kept for the node. */
  before(nodeId: string): { readonly engine: StoredEngine | undefined } | undefined {
    const row = this.#database.prepare('SELECT engine FROM node_engine_before WHERE node_id = ?').get(nodeId);
    if (row === undefined) return undefined;
    const { engine } = BeforeRow.parse(row);
    return { engine: engine === null ? undefined : StoredEngine.parse(JSON.parse(engine)) };
  }

  putBefore(nodeId: string, engine: StoredEngine | undefined): void {
    this.#database
      .prepare('INSERT INTO node_engine_before (node_id, engine) VALUES (?, ?)')
      .run(nodeId, engine === undefined ? null : JSON.stringify(engine));
  }

  removeBefore(nodeId: string): void {
    this.#database.prepare('DELETE FROM node_engine_before WHERE node_id = ?').run(nodeId);
  }

  tokens(nodeId: string): readonly HeldToken[] {
    return this.#database
      .prepare(
        'SELECT token_id AS tokenId, is_revoking AS isRevoking FROM engine_token WHERE node_id = ? ORDER BY token_id',
      )
      .all(nodeId)
      .map((row) => TokenRow.parse(row))
      .map(({ tokenId, isRevoking }) => ({ tokenId, isRevoking: isRevoking === 1 }));
  }

  addToken(nodeId: string, tokenId: string): void {
    this.#database
      .prepare('INSERT OR IGNORE INTO engine_token (node_id, token_id) VALUES (?, ?)')
      .run(nodeId, tokenId);
  }

  markRevoking(nodeId: string, tokenId: string): void {
    this.#database
      .prepare('UPDATE engine_token SET is_revoking = 1 WHERE node_id = ? AND token_id = ?')
      .run(nodeId, tokenId);
  }

  removeToken(nodeId: string, tokenId: string): void {
    this.#database
      .prepare('DELETE FROM engine_token WHERE node_id = ? AND token_id = ?')
      .run(nodeId, tokenId);
  }
}
