export { createSimNode, SimNode } from './node.ts';
export type { SimNodeFault, SimNodeOptions } from './node.ts';
export { createSimNodes } from './site.ts';
export type { SimNodesOptions } from './site.ts';
