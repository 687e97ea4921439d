import { z } from 'zod';
import { Nothing, mutation, subscription } from './procedure.ts';

/** Where the key that protects every stored password comes from. */
export const VaultState = z.discriminatedUnion('kind', [
  /** No key yet and no keyring on this machine: the person chooses a passphrase. */
  z.object({ kind: z.literal('needs-passphrase') }),
  z.object({ kind: z.literal('locked') }),
  z.object({ kind: z.literal('unlocked'), protection: z.enum(['keyring', 'passphrase']) }),
]);
export type VaultState = z.infer<typeof VaultState>;

export const Passphrase = z.string().min(8, 'at least 8 characters').max(1024);

export const vaultContract = {
  watch: subscription(Nothing, VaultState),
  /** Fails with `conflict` when there is a vault already. */
  create: mutation(z.object({ passphrase: Passphrase }), Nothing),
  /** Fails with `wrong-passphrase`. */
  unlock: mutation(z.object({ passphrase: z.string().max(1024) }), Nothing),
} as const;
