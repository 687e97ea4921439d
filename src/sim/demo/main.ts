/**
 * `npm run demo`: a simulated site on loopback, and the real app on it. Set up by itself through the app's own procedures
 * unless `--empty`; with `--check` without a window, proving that every camera is found, recorded and live.
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { connectToDesk } from './desk-client.ts';
import { type DemoOptions, demoUsage, parseDemoOptions } from './options.ts';
import { type RunningShell, startShell } from './shell.ts';
import { shellSettings, siteSecrets, startSimulatedSite } from './simulated-site.ts';
import { type SiteFacts, hasCameras, proveLive, setUpSite } from './tour.ts';

const checkDeadlineMs = 180_000;
const framesThatProveLive = 15;

async function main(argv: readonly string[]): Promise<number> {
  let options: DemoOptions | 'help';
  try {
    options = parseDemoOptions(argv);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${demoUsage}`);
    return 2;
  }
  if (options === 'help') {
    process.stdout.write(demoUsage);
    return 0;
  }
  return await runDemo(options);
}

async function runDemo(options: DemoOptions): Promise<number> {
  await using cleanup = new AsyncDisposableStack();
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => interrupted.abort(new Error('stopped')));

  const folder = await dataFolder(options, cleanup);
  const secrets = await siteSecrets(folder);
  say(
    `Starting ${options.cameras} simulated cameras and ${options.nodes} simulated nodes on loopback addresses.`,
  );
  const { facts: site } = cleanup.use(await startSimulatedSite({ ...options, folder, secrets }));

  const shell = startShell({
    args: shellArguments(options, join(folder, 'site')),
    settings: shellSettings(site, secrets),
    print: say,
  });
  cleanup.defer(async () => {
    shell.stop();
    await shell.ended;
  });
  interrupted.signal.addEventListener('abort', () => shell.stop());
  // The shell's own promise: Enter prints another link.
  createInterface({ input: process.stdin }).on(
    'line',
    () => void shell.link().then(sayLink, () => undefined),
  );
  say(
    `Cameras: user ${site.camera.username}, password ${site.camera.password}. Nodes: user ${site.node.username}, password ${site.node.password}.`,
  );

  if (options.check) return await check({ shell, site, signal: interrupted.signal });
  if (!options.empty) {
    setUp({ shell, site, signal: interrupted.signal }).catch((error: unknown) => {
      say(
        `The site could not be set up by itself: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
  }
  return (await shell.ended) ?? 0;
}

function sayLink(link: string): void {
  say(`Open this link within a minute; it works once: ${link}`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function dataFolder(options: DemoOptions, cleanup: AsyncDisposableStack): Promise<string> {
  if (options.data !== undefined) {
    const folder = resolve(options.data);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }
  const folder = await mkdtemp(join(tmpdir(), 'belvedere-demo-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

function shellArguments(options: DemoOptions, dataDirectory: string): string[] {
  return [
    '--data',
    dataDirectory,
    ...(options.check ? ['--shell', 'web'] : options.shell === undefined ? [] : ['--shell', options.shell]),
    ...(options.port === undefined ? [] : ['--port', String(options.port)]),
    ...(options.check || !options.open ? ['--no-open'] : []),
  ];
}

async function setUp(work: {
  readonly shell: RunningShell;
  readonly site: SiteFacts;
  readonly signal: AbortSignal;
}): Promise<void> {
  await using desk = await connectToDesk(await work.shell.link());
  if (await hasCameras(desk, work.signal)) return say('The site is as it was left.');
  await setUpSite({
    desk,
    site: work.site,
    signal: work.signal,
    onStage: (stage, elapsedMs) => say(`${(elapsedMs / 1000).toFixed(1)} s: ${stageWords[stage]}`),
  });
}

const stageWords = {
  discovered: 'cameras and nodes found',
  added: 'cameras and nodes added to the site',
  deployed: 'the engine runs on every node',
  assigned: 'cameras assigned to nodes',
  recording: 'every camera records',
  live: 'every camera is live',
} as const;

/** Prints one JSON object with the times as the last line. */
async function check(work: {
  readonly shell: RunningShell;
  readonly site: SiteFacts;
  readonly signal: AbortSignal;
}): Promise<number> {
  const startedMs = performance.now();
  const reachedMs: Record<string, number> = {};
  let failure: string | undefined;
  try {
    await using desk = await connectToDesk(await work.shell.link());
    const tour = {
      desk,
      site: work.site,
      signal: AbortSignal.any([work.signal, AbortSignal.timeout(checkDeadlineMs)]),
      onStage: (stage: string) => {
        reachedMs[stage] = Math.round(performance.now() - startedMs);
      },
    };
    await setUpSite(tour);
    const frames = await proveLive(tour, framesThatProveLive);
    if (frames.size !== work.site.cameraCount)
      failure = `${frames.size} of ${work.site.cameraCount} cameras live`;
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  const report = {
    ok: failure === undefined,
    cameras: work.site.cameraCount,
    nodes: work.site.nodes.length,
    reachedMs,
    totalMs: Math.round(performance.now() - startedMs),
    ...(failure === undefined ? {} : { failure }),
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  return failure === undefined ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
// Standard input may still be open, and would keep the process alive.
process.exit();
