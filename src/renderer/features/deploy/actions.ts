import { contract } from '../../../shared/contract/index.ts';
import type { BundleInfo, NodeId, RunId } from '../../../shared/contract/index.ts';
import type { Answer, Desk } from '../../api/index.ts';

/** What this desk can install. */
export async function listBundles(desk: Desk): Promise<Answer<readonly BundleInfo[]>> {
  return desk.ask(contract.deploy.bundles);
}

export async function startDeploy(desk: Desk, nodeId: NodeId): Promise<Answer<{ readonly runId: RunId }>> {
  return desk.ask(contract.deploy.start, { nodeId });
}
