export { RunView } from './run-view.tsx';
export { followRuns, newestRun, useRuns } from './store.ts';
