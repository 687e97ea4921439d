export { BundleStore } from './bundle-store.ts';
export type { BundleStoreOptions, VerifiedBundle } from './bundle-store.ts';
