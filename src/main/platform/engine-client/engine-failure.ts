import { ZodError } from 'zod';
import type { EngineFailure } from '../../../shared/engine-api/index.ts';
import { DeskError, fail } from '../../failure.ts';
import { networkFailureWords } from '../network/network-failure.ts';
import { PinMismatch } from './pinned-agent.ts';

/** The engine answered with a failure of its own. */
export class EngineRefusal extends Error {
  override readonly name = 'EngineRefusal';
  readonly status: number;
  readonly failure: EngineFailure | undefined;

  constructor(status: number, failure: EngineFailure | undefined) {
    super(failure?.message ?? `status ${status}`);
    this.status = status;
    this.failure = failure;
  }
}

/** The engine answered with something that is not its API. */
export class EngineGarbage extends Error {
  override readonly name = 'EngineGarbage';
}

/** Makes a failure of whatever went wrong while talking to an engine; answers what is a bug of ours unchanged. */
export function engineFailureOf(error: unknown, nodeName: string, caller: AbortSignal): unknown {
  if (error instanceof DeskError) return error;
  if (caller.aborted) return fail('cancelled', `Asking the engine on node ${nodeName} was cancelled.`);
  if (error instanceof PinMismatch) {
    return fail(
      'engine-certificate-changed',
      `Whoever answers for the engine on node ${nodeName} does not hold the key that the engine had when it was deployed; nothing was sent to it.`,
      'If the node was set up anew, deploy the engine again; otherwise find out who has its address.',
    );
  }
  if (error instanceof EngineRefusal) return refusal(error, nodeName);
  if (error instanceof EngineGarbage || error instanceof ZodError || error instanceof SyntaxError) {
    return fail(
      'engine-unhealthy',
      `The engine on node ${nodeName} gives answers that this desk does not understand.`,
      "Deploy this desk's version of the engine to it.",
    );
  }
  if (!(error instanceof Error)) return error;
  if (error.name === 'TimeoutError') return timedOut(nodeName);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'ETIMEDOUT') return timedOut(nodeName);
  if (code.startsWith('E') && code.length > 1) {
    return fail(
      'unreachable',
      `The engine on node ${nodeName} cannot be reached: ${networkFailureWords(code)}.`,
      'Check that the node is on and that its engine runs.',
    );
  }
  if (code.startsWith('HPE_')) {
    return fail('engine-unhealthy', `What answers for the engine on node ${nodeName} does not speak HTTP.`);
  }
  return error;
}

function timedOut(nodeName: string): DeskError {
  return fail(
    'timed-out',
    `The engine on node ${nodeName} did not answer in time.`,
    'Check the network and how busy the node is.',
  );
}

function refusal({ status, failure, message }: EngineRefusal, nodeName: string): DeskError {
  if (status === 401 || status === 403) {
    return fail(
      'unauthorized',
      `The engine on node ${nodeName} does not accept this desk's token.`,
      'Deploy the engine again; that makes a new token.',
    );
  }
  if (failure?.code === 'version-conflict') {
    return fail('conflict', `The configuration on node ${nodeName} was changed meanwhile.`, 'Try again.');
  }
  if (failure?.code === 'not-found') return fail('not-found', `Node ${nodeName}: ${message}`);
  return fail('engine-unhealthy', `The engine on node ${nodeName} declined: ${message}`.slice(0, 2000));
}
