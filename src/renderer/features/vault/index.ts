export { followVault, useVault } from './store.ts';
export { CreateVaultPage, UnlockVaultPage } from './vault-page.tsx';
