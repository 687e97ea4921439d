import { z } from 'zod';
import type { Database } from '../../platform/ports.ts';
import type { AppliedConfig } from './desired-config.ts';

const Row = z.object({ engineVersion: z.int(), fingerprint: z.string() }).optional();

/** What each engine acknowledged last; survives the desk, so that a restart sends nothing anew. */
export class AppliedConfigStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(nodeId: string): AppliedConfig | undefined {
    return Row.parse(
      this.#database
        .prepare('SELECT engine_version AS engineVersion, fingerprint FROM node_config WHERE node_id = ?')
        .get(nodeId),
    );
  }

  put(nodeId: string, { engineVersion, fingerprint }: AppliedConfig): void {
    this.#database
      .prepare(
        `INSERT INTO node_config (node_id, engine_version, fingerprint) VALUES (?, ?, ?)
         ON CONFLICT (node_id) DO UPDATE SET engine_version = excluded.engine_version, fingerprint = excluded.fingerprint`,
      )
      .run(nodeId, engineVersion, fingerprint);
  }
}
