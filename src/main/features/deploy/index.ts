import { z } from 'zod';
import type { deployContract } from '../../../shared/contract/index.ts';
import { defineRun } from '../../runs/index.ts';
import type { AnyRunDefinition, RunEngine } from '../../runs/index.ts';
import type { Feature } from '../feature.ts';
import { DeployContext } from './context.ts';
import type { DeployDependencies } from './context.ts';
import { connectStep, preflightStep, unpackStep, uploadStep, verifyStep } from './preparation-steps.ts';
import {
  enrolStep,
  healthStep,
  registerStep,
  revokeStep,
  serviceStep,
  startStep,
  switchStep,
  tidyStep,
} from './service-steps.ts';

export type { DeployDependencies } from './context.ts';
export type * from './ports.ts';

/** The run that puts the engine on a node, or brings it to this desk's version. */
export function defineDeploy(dependencies: DeployDependencies): AnyRunDefinition {
  return defineRun({
    kind: 'deploy',
    input: z.object({}),
    steps: [
      connectStep,
      preflightStep,
      verifyStep,
      uploadStep,
      unpackStep,
      serviceStep,
      enrolStep,
      switchStep,
      startStep,
      healthStep,
      tidyStep,
      registerStep,
      revokeStep,
    ],
    open: (request) => new DeployContext(request, dependencies),
  });
}

/** `runs` knows the definition of `defineDeploy`. */
export function createDeployFeature(
  { inventory, bundles }: Pick<DeployDependencies, 'inventory' | 'bundles'>,
  runs: RunEngine,
): Feature<typeof deployContract> {
  return {
    handlers: {
      bundles: async () =>
        (await bundles.list()).map(({ version, arch, byteLength }) => ({ version, arch, byteLength })),
      start: ({ nodeId }) => {
        // Fails with `not-found` or `vault-locked` before there is a run.
        inventory.sshTarget(nodeId);
        const runId = runs.begin({ kind: 'deploy', nodeId, input: {} });
        // No run before this one can be taken back any more.
        inventory.settleDeployed(nodeId);
        return { runId };
      },
    },
  };
}
