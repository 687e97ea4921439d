export { NodesPage } from './nodes-page.tsx';
export { useNodeRows } from './use-node-rows.ts';
export type { NodeRow } from './use-node-rows.ts';
