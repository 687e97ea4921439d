import { randomBytes } from 'node:crypto';
import { Enrolment, unknownTokenExitCode } from '../../../shared/engine-api/index.ts';
import { DeskError, fail } from '../../failure.ts';
import type { Step, StepIo } from '../../runs/index.ts';
import type { DeployContext } from './context.ts';
import type { EngineEndpoint } from './ports.ts';

const healthPollMs = 300;
const maxEnrolmentBytes = 16_384;
const revocationTimeoutMs = 15_000;

export const serviceStep: Step<DeployContext> = {
  id: 'service',
  title: 'Set up the service',
  timeoutMs: 120_000,
  probe: async (context, { signal }) => {
    const { host } = await context.reach(signal);
    return host.isInstalled(context.settings, signal);
  },
  act: async (context, { signal, log }) => {
    const { host } = await context.reach(signal);
    context.needsRestart = true;
    await host.install(context.settings, signal);
    log(
      host.kind === 'systemd'
        ? 'systemd will start the engine now, after a crash and at boot.'
        : 'A supervisor will start the engine now, after a crash and, through cron, at boot.',
    );
  },
  verify: async (context, { signal }) => {
    const { host } = await context.reach(signal);
    if (await host.isInstalled(context.settings, signal)) return;
    throw fail(
      'command-failed',
      `The service on node ${context.nodeName} is not set up as it should be.`,
      'Try again.',
    );
  },
  // The service of a release that stays is left alone.
  undo: async (context, { signal }) => {
    const { host, releases } = await context.reach(signal);
    if ((await releases.current(signal)) === undefined) await host.uninstall(signal);
  },
};

/** Reads the certificate's pin and a token over SSH, the one channel that is trusted already. */
export const enrolStep: Step<DeployContext> = {
  id: 'enrol',
  title: 'Enrol the engine',
  timeoutMs: 60_000,
  probe: async (context, { signal }) => (await registeredVersion(context, signal)) !== undefined,
  act: async (context, { signal, log }) => {
    const { host } = await context.reach(signal);
    const { version } = (await context.bundle(signal)).description;
    // Noted first: if the desk dies right after the node issued it, somebody still knows that there is one to revoke.
    const tokenId = randomBytes(8).toString('hex');
    context.dependencies.inventory.noteToken(context.nodeId, tokenId);
    const words = ['enrol', '--dir', host.layout.data, '--scope', 'admin', '--token-id', tokenId];
    const result = await host.runEngine(version, words, { signal, maxOutputBytes: maxEnrolmentBytes });
    const enrolment = parseEnrolment(result.exitCode === 0 ? result.stdout : '');
    if (enrolment?.tokenId !== tokenId) {
      throw fail(
        'command-failed',
        `The engine on node ${context.nodeName} could not be enrolled${result.stderr === '' ? '' : `: ${result.stderr.trim().slice(0, 300)}`}`,
        'Try again.',
      );
    }
    context.conceal(enrolment.token);
    context.enrolment = enrolment;
    log(`Its certificate is pinned by the key ${enrolment.certificatePin}.`);
  },
  verify: () => Promise.resolve(),
  undo: async (context, { signal }) => {
    context.enrolment = undefined;
    await revokeSuperseded(context, signal);
  },
};

/** Revokes every token of this desk on the node but the registered engine's. */
async function revokeSuperseded(context: DeployContext, signal: AbortSignal): Promise<number> {
  const { nodeId, nodeName } = context;
  const { inventory } = context.dependencies;
  const tokenIds = inventory.supersededTokens(nodeId);
  for (const tokenId of tokenIds) {
    const { host } = await context.reach(signal);
    const { version } = (await context.bundle(signal)).description;
    inventory.beginRevoking(nodeId, tokenId);
    const words = ['revoke', '--dir', host.layout.data, '--token-id', tokenId];
    const { exitCode, stderr } = await host.runEngine(version, words, {
      signal,
      timeoutMs: revocationTimeoutMs,
    });
    if (exitCode !== 0 && exitCode !== unknownTokenExitCode) {
      throw fail(
        'command-failed',
        `An older token on node ${nodeName} could not be revoked: ${stderr.trim().slice(0, 300)}`,
        'The next deployment tries again.',
      );
    }
    inventory.forgetToken(nodeId, tokenId);
  }
  return tokenIds.length;
}

function parseEnrolment(output: string): Enrolment | undefined {
  try {
    return Enrolment.parse(JSON.parse(output));
  } catch {
    return undefined;
  }
}

export const switchStep: Step<DeployContext> = {
  id: 'switch',
  title: 'Switch to the new release',
  timeoutMs: 60_000,
  probe: async (context, { signal }) => isCurrent(context, signal),
  act: async (context, { signal, log }) => {
    const { releases } = await context.reach(signal);
    const before = await releases.current(signal);
    const { version } = (await context.bundle(signal)).description;
    await releases.switchTo(version, signal);
    log(
      before === undefined
        ? `${version} is the first release here.`
        : `${version} takes over from ${before}.`,
    );
  },
  verify: async (context, { signal }) => {
    if (await isCurrent(context, signal)) return;
    throw fail('command-failed', `Node ${context.nodeName} did not switch to the new release.`, 'Try again.');
  },
  undo: async (context, { signal, log }) => {
    const { host, releases } = await context.reach(signal);
    await releases.switchBack((await context.bundle(signal)).description.version, signal);
    const before = await releases.current(signal);
    if (before === undefined) return;
    await host.restart(signal);
    log(`Release ${before} runs again.`);
  },
};

async function isCurrent(context: DeployContext, signal: AbortSignal): Promise<boolean> {
  const { releases } = await context.reach(signal);
  return (await releases.current(signal)) === (await context.bundle(signal)).description.version;
}

export const startStep: Step<DeployContext> = {
  id: 'start',
  title: 'Start the engine',
  timeoutMs: 120_000,
  probe: async (context, { signal }) => !context.needsRestart && (await runsNewRelease(context, signal)),
  act: async (context, { signal }) => {
    const { host } = await context.reach(signal);
    await host.restart(signal);
    context.needsRestart = false;
  },
  // Whether it runs and goes on running is the next step's question.
  verify: () => Promise.resolve(),
  undo: async (context, { signal }) => {
    const { host } = await context.reach(signal);
    await host.stop(signal);
  },
};

async function runsNewRelease(context: DeployContext, signal: AbortSignal): Promise<boolean> {
  const { host } = await context.reach(signal);
  const process = await host.process(signal);
  return process.kind === 'running' && process.release === (await context.bundle(signal)).description.version;
}

/** First on the node itself, then from here: over HTTPS, with the pin and the token that were read over SSH. */
export const healthStep: Step<DeployContext> = {
  id: 'health',
  title: 'Wait until the engine is healthy',
  timeoutMs: 2 * 60_000,
  probe: () => Promise.resolve(false),
  act: async (context, io) => {
    await waitForHealth(context, io);
    io.log('The engine is healthy, says the node.');
    const { version } = (await context.bundle(io.signal)).description;
    const endpoint = endpointOf(context);
    const answered = await context.dependencies.engineProbe.readVersion(endpoint, io.signal);
    if (answered !== version) {
      throw fail(
        'engine-unhealthy',
        `At ${endpoint.address} port ${endpoint.port} answers engine ${answered}, not ${version}.`,
        `Look at the engine's log on node ${context.nodeName}.`,
      );
    }
    io.log(`It answers over HTTPS at ${endpoint.address} port ${endpoint.port} with the pinned key.`);
  },
  verify: () => Promise.resolve(),
};

async function waitForHealth(context: DeployContext, io: StepIo): Promise<void> {
  const { clock, healthTimeoutMs } = context.dependencies;
  const { host } = await context.reach(io.signal);
  const { version } = (await context.bundle(io.signal)).description;
  const giveUpAtMs = clock.monotonicMs() + healthTimeoutMs;
  for (;;) {
    const result = await host.runEngine(version, ['health', '--dir', host.layout.data], {
      signal: io.signal,
    });
    if (result.exitCode === 0 && (await runsNewRelease(context, io.signal))) return;
    if (clock.monotonicMs() > giveUpAtMs) {
      for (const line of await host.recentLog(io.signal)) io.log(line, 'warning');
      const says = result.stderr.trim().slice(0, 300);
      throw fail(
        'engine-unhealthy',
        `The engine on node ${context.nodeName} was not healthy after ${healthTimeoutMs / 1000} s. ${says}`.trim(),
        'The lines above are the newest of its log; mend what they say, then try again.',
      );
    }
    await pause(context, io.signal);
  }
}

async function pause(context: DeployContext, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  using timer = context.dependencies.clock.after(healthPollMs, resolve);
  void timer;
  const onAbort = (): void => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  await promise;
  signal.removeEventListener('abort', onAbort);
  signal.throwIfAborted();
}

/** From this run's enrolment, or from an earlier one that still holds. */
function endpointOf(context: DeployContext): EngineEndpoint & { readonly tokenId?: string | undefined } {
  const credentials = context.enrolment ?? context.dependencies.inventory.deployedEngine(context.nodeId);
  if (credentials === undefined) {
    throw fail('command-failed', `The engine on node ${context.nodeName} is not enrolled.`, 'Try again.');
  }
  const { certificatePin, token, tokenId } = credentials;
  return { address: context.target.address, port: context.settings.port, certificatePin, token, tokenId };
}

/** The version that answers to what is registered; none when nothing is, or it does not hold any more. */
async function registeredVersion(context: DeployContext, signal: AbortSignal): Promise<string | undefined> {
  const registered = context.dependencies.inventory.deployedEngine(context.nodeId);
  if (registered === undefined || context.enrolment !== undefined) return undefined;
  try {
    return await context.dependencies.engineProbe.readVersion(endpointOf(context), signal);
  } catch (error) {
    if (error instanceof DeskError && !signal.aborted) return undefined;
    throw error;
  }
}

export const registerStep: Step<DeployContext> = {
  id: 'register',
  title: 'Register the engine',
  timeoutMs: 30_000,
  probe: async (context, { signal }) => {
    const registered = context.dependencies.inventory.deployedEngine(context.nodeId);
    const { host } = await context.reach(signal);
    return (
      registered !== undefined &&
      registered.version === (await context.bundle(signal)).description.version &&
      registered.host === host.kind &&
      registered.port === context.settings.port &&
      (context.enrolment === undefined || registered.token === context.enrolment.token)
    );
  },
  act: async (context, { signal }) => {
    const { host } = await context.reach(signal);
    const { version } = (await context.bundle(signal)).description;
    const { port, certificatePin, token, tokenId } = endpointOf(context);
    context.dependencies.inventory.markDeployed(context.nodeId, {
      version,
      host: host.kind,
      port,
      certificatePin,
      token,
      tokenId,
    });
  },
  verify: () => Promise.resolve(),
  undo: (context) => {
    context.dependencies.inventory.restoreDeployed(context.nodeId);
    return Promise.resolve();
  },
};

/** Only now, as the new token is proven and registered. What cannot be revoked is no reason to take an engine back. */
export const revokeStep: Step<DeployContext> = {
  id: 'revoke',
  title: 'Revoke older tokens',
  timeoutMs: 120_000,
  probe: () => Promise.resolve(false),
  act: async (context, { signal, log }) => {
    try {
      const count = await revokeSuperseded(context, signal);
      if (count > 0)
        log(`${count === 1 ? 'One older token opens' : `${count} older tokens open`} this engine no more.`);
    } catch (error) {
      if (signal.aborted || !(error instanceof DeskError)) throw error;
      log(error.failure.message, 'warning');
    }
  },
  verify: () => Promise.resolve(),
};

/** The release before stays, to go back to; older ones go. What cannot be removed is no reason to fail. */
export const tidyStep: Step<DeployContext> = {
  id: 'tidy',
  title: 'Remove old releases',
  timeoutMs: 120_000,
  probe: () => Promise.resolve(false),
  act: async (context, { signal, log }) => {
    const { releases } = await context.reach(signal);
    try {
      // Unpacking removes it too, but a desk that died in between found nothing left to unpack.
      await releases.removeArchive(await context.bundle(signal), signal);
      const removed = await releases.tidy(signal);
      if (removed.length > 0) log(`Removed ${removed.join(', ')}.`);
    } catch (error) {
      if (signal.aborted || !(error instanceof DeskError)) throw error;
      log(error.failure.message, 'warning');
    }
  },
  verify: () => Promise.resolve(),
};
