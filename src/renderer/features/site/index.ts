export { SitePage } from './site-page.tsx';
export { chooseColorScheme, followSite, renameSite, useSite } from './store.ts';
