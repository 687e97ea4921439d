import { create } from 'zustand';
import { contract } from '../../../shared/contract/index.ts';
import type { Failure, VaultState } from '../../../shared/contract/index.ts';
import type { Answer, Desk, Unfollow } from '../../api/index.ts';

export interface VaultStoreState {
  readonly vault?: VaultState;
  readonly failure?: Failure;
}

export const useVault = create<VaultStoreState>(() => ({}));

export function followVault(desk: Desk): Unfollow {
  return desk.follow(contract.vault.watch, {
    onEvent: (vault) => {
      useVault.setState({ vault }, true);
    },
    onFailure: (failure) => {
      useVault.setState({ failure });
    },
  });
}

export async function createVault(desk: Desk, passphrase: string): Promise<Answer<undefined>> {
  return desk.ask(contract.vault.create, { passphrase });
}

export async function unlockVault(desk: Desk, passphrase: string): Promise<Answer<undefined>> {
  return desk.ask(contract.vault.unlock, { passphrase });
}
