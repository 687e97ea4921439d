import { z } from 'zod';
import { NodeId } from './inventory.ts';
import { Nothing, mutation, query } from './procedure.ts';
import { RunId } from './runs.ts';

export const BundleInfo = z.object({
  version: z.string(),
  arch: z.enum(['x64', 'arm64']),
  byteLength: z.int().positive(),
});
export type BundleInfo = z.infer<typeof BundleInfo>;

export const deployContract = {
  /** What this desk can install. */
  bundles: query(Nothing, z.array(BundleInfo)),
  /** Puts the engine on a node, or brings it to this desk's version. Fails with `conflict` while a run is on that node. */
  start: mutation(z.object({ nodeId: NodeId }), z.object({ runId: RunId })),
} as const;
