export { listBundles, startDeploy } from './actions.ts';
