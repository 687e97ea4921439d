import { z } from 'zod';
import type { Database } from '../ports.ts';
import type { ScryptParameters } from './seal.ts';

/** How the vault's key is kept: wrapped by the keyring's key, or by the passphrase's. */
export type KeyRecord =
  | { readonly protection: 'keyring'; readonly vaultId: string; readonly wrappedKey: Buffer }
  | {
      readonly protection: 'passphrase';
      readonly vaultId: string;
      readonly wrappedKey: Buffer;
      readonly scrypt: ScryptParameters;
    };

const Row = z.discriminatedUnion('protection', [
  z.object({ protection: z.literal('keyring'), vaultId: z.uuid(), wrappedKey: z.instanceof(Buffer) }),
  z.object({
    protection: z.literal('passphrase'),
    vaultId: z.uuid(),
    wrappedKey: z.instanceof(Buffer),
    salt: z.instanceof(Buffer),
    // Bounded, so that a tampered row cannot ask for all the memory there is.
    cost: z
      .int()
      .min(2)
      .max(2 ** 20),
    blockSize: z.int().min(1).max(32),
    parallelization: z.int().min(1).max(16),
  }),
]);

export function readKeyRecord(database: Database): KeyRecord | undefined {
  const stored = database
    .prepare(
      `SELECT protection, vault_id AS vaultId, wrapped_key AS wrappedKey, scrypt_salt AS salt, scrypt_cost AS cost,
         scrypt_block_size AS blockSize, scrypt_parallelization AS parallelization FROM vault_key`,
    )
    .get();
  if (stored === undefined) return undefined;
  const row = Row.parse(stored);
  if (row.protection === 'keyring') return row;
  const { salt, cost, blockSize, parallelization, ...rest } = row;
  return { ...rest, scrypt: { salt, cost, blockSize, parallelization } };
}

export function writeKeyRecord(database: Database, record: KeyRecord): void {
  const scrypt = record.protection === 'passphrase' ? record.scrypt : undefined;
  database
    .prepare(
      `INSERT INTO vault_key (id, vault_id, protection, scrypt_salt, scrypt_cost, scrypt_block_size,
         scrypt_parallelization, wrapped_key) VALUES (1, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      record.vaultId,
      record.protection,
      scrypt?.salt ?? null,
      scrypt?.cost ?? null,
      scrypt?.blockSize ?? null,
      scrypt?.parallelization ?? null,
      record.wrappedKey,
    );
}
