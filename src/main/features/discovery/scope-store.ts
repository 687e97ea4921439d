import { z } from 'zod';
import { DiscoveryScope } from '../../../shared/contract/index.ts';
import { fail } from '../../failure.ts';
import { hostsOfRange } from '../../platform/network/address-range.ts';
import type { Database } from '../../platform/ports.ts';

const Row = z.object({ scope: z.string() }).optional();

/** Where discovery may send anything: what the person chose, else the default. */
export class ScopeStore {
  readonly #database: Database;
  readonly #defaultScope: DiscoveryScope;

  constructor(database: Database, defaultScope: DiscoveryScope) {
    this.#database = database;
    this.#defaultScope = defaultScope;
  }

  read(): DiscoveryScope {
    const row = Row.parse(this.#database.prepare('SELECT scope FROM discovery_scope').get());
    return row ? DiscoveryScope.parse(JSON.parse(row.scope)) : this.#defaultScope;
  }

  /** Throws `invalid-input`. */
  write(scope: DiscoveryScope): void {
    const broken = scope.nodeRanges.find(({ cidr }) => hostsOfRange(cidr) === undefined);
    if (broken) {
      throw fail(
        'invalid-input',
        `${broken.cidr} is no IPv4 network of at most 1024 addresses.`,
        'Write it like 192.168.1.0/24, with numbers up to 255 and a prefix from /22 to /32.',
      );
    }
    this.#database
      .prepare(
        'INSERT INTO discovery_scope (id, scope) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET scope = excluded.scope',
      )
      .run(JSON.stringify(scope));
  }
}
