import { z } from 'zod';
import type { SiteNode } from '../../../shared/contract/index.ts';
import type { Database } from '../../platform/ports.ts';
import type { StoredEngine } from './engine-store.ts';

export interface StoredNode {
  readonly node: SiteNode;
  /** Set when `node.engine` is deployed. */
  readonly engine?: StoredEngine;
}

const Row = z.object({
  id: z.string(),
  name: z.string(),
  address: z.string(),
  port: z.int(),
  username: z.string(),
  authentication: z.enum(['password', 'key']),
  host_key_fingerprint: z.string(),
  added_utc_ms: z.number(),
});
const EngineColumns = z.object({
  version: z.string(),
  host: z.enum(['systemd', 'supervised']),
  engine_port: z.int(),
  deployed_utc_ms: z.number(),
  certificate_pin: z.string(),
  token_id: z.string().nullable(),
});

const select = `
  SELECT node.*, version, host, node_engine.port AS engine_port, deployed_utc_ms, certificate_pin, token_id
  FROM node LEFT JOIN node_engine ON node_engine.node_id = node.id`;

/** The nodes' tables. Knows no rules but the schema's. */
export class NodeStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(): readonly StoredNode[] {
    return this.#database.prepare(`${select} ORDER BY name, id`).all().map(storedNode);
  }

  get(id: string): StoredNode | undefined {
    const row = this.#database.prepare(`${select} WHERE node.id = ?`).get(id);
    return row === undefined ? undefined : storedNode(row);
  }

  at(address: string, port: number): StoredNode | undefined {
    const row = this.#database
      .prepare(`${select} WHERE node.address = ? AND node.port = ?`)
      .get(address, port);
    return row === undefined ? undefined : storedNode(row);
  }

  insert(node: Omit<SiteNode, 'engine'>): void {
    this.#database
      .prepare(
        `INSERT INTO node (id, name, address, port, username, authentication, host_key_fingerprint, added_utc_ms)
         VALUES (@id, @name, @address, @port, @username, @authentication, @hostKeyFingerprint, @addedUtcMs)`,
      )
      .run(node);
  }

  remove(id: string): void {
    this.#database.prepare('DELETE FROM node WHERE id = ?').run(id);
  }
}

function storedNode(raw: unknown): StoredNode {
  const row = Row.parse(raw);
  const engine = EngineColumns.safeParse(raw);
  const node: Omit<SiteNode, 'engine'> = {
    id: row.id,
    name: row.name,
    address: row.address,
    port: row.port,
    username: row.username,
    authentication: row.authentication,
    hostKeyFingerprint: row.host_key_fingerprint,
    addedUtcMs: row.added_utc_ms,
  };
  if (!engine.success) return { node: { ...node, engine: { kind: 'none' } } };
  const { version, host, engine_port: port, deployed_utc_ms: deployedUtcMs } = engine.data;
  const { certificate_pin: certificatePin, token_id: tokenId } = engine.data;
  const seen = { version, host, port, deployedUtcMs };
  return {
    node: { ...node, engine: { kind: 'deployed', ...seen } },
    engine: { ...seen, certificatePin, ...(tokenId !== null && { tokenId }) },
  };
}
