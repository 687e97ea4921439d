import { fail } from '../../failure.ts';
import type { DeskError } from '../../failure.ts';
import { archOf, findObstacles, isPortTaken } from '../../platform/node-host/index.ts';
import type { Obstacle } from '../../platform/node-host/index.ts';
import type { Step } from '../../runs/index.ts';
import type { DeployContext } from './context.ts';

/** Measured: the archive, what is in it (2.9 times as much), and room to breathe. */
const neededPerArchiveByte = 5;

const nothing = (): Promise<void> => Promise.resolve();
const never = (): Promise<boolean> => Promise.resolve(false);

export const connectStep: Step<DeployContext> = {
  id: 'connect',
  title: 'Sign in over SSH',
  timeoutMs: 60_000,
  probe: never,
  act: async (context, io) => {
    await context.reach(io.signal);
    const { username, address, port, hostKeyFingerprint } = context.target;
    io.log(
      `Signed in as ${username} at ${address} port ${port}; the host key is ${hostKeyFingerprint}, as pinned.`,
    );
  },
  verify: nothing,
};

/** Looks before anything is changed, and names everything that is missing in one go. */
export const preflightStep: Step<DeployContext> = {
  id: 'preflight',
  title: 'Check the node',
  timeoutMs: 60_000,
  probe: never,
  act: async (context, io) => {
    const { facts, host } = await context.reach(io.signal);
    io.log(
      `${facts.system} ${facts.machine}, ${facts.libc}, ${facts.kind}; ${Math.floor(facts.dataVolume.freeBytes / 1e6)} MB free for recordings at ${facts.dataVolume.mountPoint}.`,
    );
    const arch = archOf(facts);
    const archiveBytes =
      arch === undefined ? 0 : (await context.dependencies.bundles.describe(arch)).byteLength;
    const obstacles = await unlessInstalled(
      context,
      findObstacles(facts, {
        releaseBytes: archiveBytes * neededPerArchiveByte,
        reserveBytes: context.dependencies.reserveBytes,
      }),
      io.signal,
    );
    if (obstacles.length > 0) throw obstacleFailure(context.nodeName, obstacles);
    await refuseTakenPort(context, io.signal);
    if (!facts.tools.has('ssh-keygen')) {
      io.log('The node has no ssh-keygen; signatures are checked here, sums on both sides.', 'warning');
    }
    if (facts.kind === 'supervised' && !facts.tools.has('crontab')) {
      io.log(
        'The node has neither systemd nor cron; the engine will not start by itself after a reboot.',
        'warning',
      );
    }
    io.log(`Everything is there; the engine will run ${host.kind}.`);
  },
  verify: nothing,
};

/** A full disk does not matter to a release that is there already. */
async function unlessInstalled(
  context: DeployContext,
  obstacles: readonly Obstacle[],
  signal: AbortSignal,
): Promise<readonly Obstacle[]> {
  if (obstacles.length === 0 || obstacles.some(({ code }) => code !== 'no-space')) return obstacles;
  return (await context.isInstalled(signal)) ? [] : obstacles;
}

async function refuseTakenPort(context: DeployContext, signal: AbortSignal): Promise<void> {
  const { facts, host } = await context.reach(signal);
  const { settings, nodeName } = context;
  if (!isPortTaken(facts, settings)) return;
  // Our own engine is what listens there, when it runs.
  if ((await host.process(signal)).kind === 'running') return;
  throw fail(
    'port-in-use',
    `Another program on node ${nodeName} listens on port ${settings.port}, which the engine needs.`,
    'Stop that program, then try again.',
  );
}

function obstacleFailure(nodeName: string, obstacles: readonly Obstacle[]): DeskError {
  const [first] = obstacles;
  const remedies = obstacles.map(({ remedy }) => remedy).join('; ');
  return fail(
    first?.code ?? 'unsupported-host',
    `Node ${nodeName} cannot run the engine: ${obstacles.map(({ what }) => what).join('; ')}.`,
    `${remedies.charAt(0).toUpperCase()}${remedies.slice(1)}.`,
  );
}

/** The desk's own check, before a byte is sent: the archive is whole and the list of sums is signed by our key. */
export const verifyStep: Step<DeployContext> = {
  id: 'verify',
  title: 'Verify the engine bundle',
  timeoutMs: 120_000,
  probe: never,
  act: async (context, io) => {
    const { description } = await context.bundle(io.signal);
    io.log(`${description.file} is whole and signed with the key that this desk trusts.`);
  },
  verify: nothing,
};

export const uploadStep: Step<DeployContext> = {
  id: 'upload',
  title: 'Send the engine bundle',
  timeoutMs: 20 * 60_000,
  probe: async (context, { signal }) => {
    if (await context.isInstalled(signal)) return true;
    const { releases } = await context.reach(signal);
    return releases.hasArchive(await context.bundle(signal), signal);
  },
  act: async (context, io) => {
    const bundle = await context.bundle(io.signal);
    const { releases } = await context.reach(io.signal);
    const { byteLength } = bundle.description;
    await releases.upload(bundle, {
      signal: io.signal,
      onProgress: (sentBytes) => {
        io.progress(sentBytes / byteLength);
      },
    });
    io.log(`${Math.round(byteLength / 1e6)} MB arrived whole.`);
  },
  // The upload itself compares the sum of what arrived.
  verify: nothing,
  undo: async (context, { signal }) => {
    const { releases } = await context.reach(signal);
    await releases.removeArchive(await context.bundle(signal), signal);
  },
};

export const unpackStep: Step<DeployContext> = {
  id: 'unpack',
  title: 'Unpack and verify on the node',
  timeoutMs: 10 * 60_000,
  probe: (context, { signal }) => context.isInstalled(signal),
  act: async (context, { signal, log }) => {
    const bundle = await context.bundle(signal);
    const { releases, facts } = await context.reach(signal);
    await releases.unpack(bundle, signal);
    await releases.removeArchive(bundle, signal);
    const proof = facts.tools.has('ssh-keygen') ? 'its sums and its signature fit' : 'its sums fit';
    log(`Release ${bundle.description.version} is in place; ${proof}.`);
  },
  // Nothing gets its place that was not whole.
  verify: nothing,
  undo: async (context, { signal }) => {
    const { releases } = await context.reach(signal);
    const bundle = await context.bundle(signal);
    context.forgetInstalled();
    await releases.remove(bundle.description.version, signal);
    await releases.removeArchive(bundle, signal);
  },
};
