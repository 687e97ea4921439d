import { z } from 'zod';
import { CameraProfile, type Camera } from '../../../shared/contract/index.ts';
import type { Database } from '../../platform/ports.ts';

/** A camera as the desk knows it; the page sees the `Camera` part. */
export interface StoredCamera {
  readonly camera: Camera;
  /** ONVIF device service. */
  readonly serviceUrl: string;
  /** Counts changes of user name or password. */
  readonly credentialRevision: number;
}

const Row = z.object({
  id: z.string(),
  name: z.string(),
  address: z.string(),
  manufacturer: z.string().nullable(),
  model: z.string().nullable(),
  serial_number: z.string().nullable(),
  endpoint_reference: z.string().nullable(),
  service_url: z.string(),
  username: z.string().nullable(),
  credential_revision: z.int(),
  profiles: z.string(),
  main_uri: z.string(),
  sub_uri: z.string().nullable(),
  node_id: z.string().nullable(),
  added_utc_ms: z.number(),
});
const Profiles = z.array(CameraProfile);

/** The cameras' table. Knows no rules but the schema's. */
export class CameraStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(): readonly StoredCamera[] {
    return this.#read('SELECT * FROM camera ORDER BY name, id');
  }

  ofNode(nodeId: string): readonly StoredCamera[] {
    return this.#read('SELECT * FROM camera WHERE node_id = ? ORDER BY id', nodeId);
  }

  get(id: string): StoredCamera | undefined {
    return this.#read('SELECT * FROM camera WHERE id = ?', id)[0];
  }

  byEndpoint(endpointReference: string): StoredCamera | undefined {
    return this.#read('SELECT * FROM camera WHERE endpoint_reference = ?', endpointReference)[0];
  }

  /** Adds or replaces. */
  put({ camera, serviceUrl, credentialRevision }: StoredCamera): void {
    this.#database
      .prepare(
        `INSERT INTO camera (id, name, address, manufacturer, model, serial_number, endpoint_reference, service_url,
           username, credential_revision, profiles, main_uri, sub_uri, node_id, added_utc_ms)
         VALUES (@id, @name, @address, @manufacturer, @model, @serialNumber, @endpointReference, @serviceUrl,
           @username, @credentialRevision, @profiles, @mainUri, @subUri, @nodeId, @addedUtcMs)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, address = excluded.address,
           service_url = excluded.service_url, username = excluded.username,
           credential_revision = excluded.credential_revision, profiles = excluded.profiles,
           main_uri = excluded.main_uri, sub_uri = excluded.sub_uri, node_id = excluded.node_id`,
      )
      .run({
        id: camera.id,
        name: camera.name,
        address: camera.address,
        manufacturer: camera.manufacturer ?? null,
        model: camera.model ?? null,
        serialNumber: camera.serialNumber ?? null,
        endpointReference: camera.endpointReference ?? null,
        serviceUrl,
        username: camera.username ?? null,
        credentialRevision,
        profiles: JSON.stringify(camera.profiles),
        mainUri: camera.mainUri,
        subUri: camera.subUri ?? null,
        nodeId: camera.nodeId ?? null,
        addedUtcMs: camera.addedUtcMs,
      });
  }

  remove(id: string): void {
    this.#database.prepare('DELETE FROM camera WHERE id = ?').run(id);
  }

  #read(sql: string, ...parameters: readonly string[]): readonly StoredCamera[] {
    return this.#database
      .prepare(sql)
      .all(...parameters)
      .map((row) => storedCamera(Row.parse(row)));
  }
}

function storedCamera(row: z.infer<typeof Row>): StoredCamera {
  return {
    serviceUrl: row.service_url,
    credentialRevision: row.credential_revision,
    camera: {
      id: row.id,
      name: row.name,
      address: row.address,
      ...(row.manufacturer !== null && { manufacturer: row.manufacturer }),
      ...(row.model !== null && { model: row.model }),
      ...(row.serial_number !== null && { serialNumber: row.serial_number }),
      ...(row.endpoint_reference !== null && { endpointReference: row.endpoint_reference }),
      ...(row.username !== null && { username: row.username }),
      profiles: Profiles.parse(JSON.parse(row.profiles)),
      mainUri: row.main_uri,
      ...(row.sub_uri !== null && { subUri: row.sub_uri }),
      ...(row.node_id !== null && { nodeId: row.node_id }),
      addedUtcMs: row.added_utc_ms,
    },
  };
}
