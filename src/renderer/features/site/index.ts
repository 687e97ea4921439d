export { SitePage } from './site-page.tsx';
export { followSite, renameSite, useSite } from './store.ts';
