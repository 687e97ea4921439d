import type { vaultContract } from '../../../shared/contract/index.ts';
import type { Vault } from '../../platform/ports.ts';
import type { Feature } from '../feature.ts';
import { watchState } from '../state-stream.ts';

/** Lets the page see whether the vault is open, and open it. */
export function createVaultFeature({ vault }: { readonly vault: Vault }): Feature<typeof vaultContract> {
  return {
    handlers: {
      watch: (_input, signal) =>
        watchState({ read: () => vault.state(), onChange: (listener) => vault.onChange(listener) }, signal),
      create: ({ passphrase }) => vault.create(passphrase),
      unlock: ({ passphrase }) => vault.unlock(passphrase),
    },
  };
}
