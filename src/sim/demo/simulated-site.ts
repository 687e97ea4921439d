import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { SimCamera } from '../camera/camera.ts';
import { type SimNode, createSimNodes } from '../node/index.ts';
import { createSimCameras } from '../site/cameras.ts';
import type { ShellSettings } from './shell.ts';
import type { SiteFacts } from './tour.ts';

const SiteSecrets = z.object({
  camera: z.string(),
  /** Whoever signs in to a simulated node runs commands as the user who started it. */
  node: z.string(),
  passphrase: z.string(),
});
export type SiteSecrets = z.infer<typeof SiteSecrets>;

/** The passwords of a simulated site: made at random once, then kept in its folder for the next time. */
export async function siteSecrets(folder: string): Promise<SiteSecrets> {
  const path = join(folder, 'simulated-site.json');
  try {
    return SiteSecrets.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const secrets: SiteSecrets = { camera: 'demo-camera', node: randomWord(), passphrase: randomWord() };
  await writeFile(path, JSON.stringify(secrets), { mode: 0o600, flag: 'wx' });
  return secrets;
}

function randomWord(): string {
  return randomBytes(9).toString('base64url');
}

const nodePort = 2222;

export interface SimulatedSite extends AsyncDisposable {
  readonly cameras: readonly SimCamera[];
  readonly nodes: readonly SimNode[];
  readonly facts: SiteFacts;
}

/** Starts cameras and nodes on loopback addresses; the nodes' folders lie in `folder` and outlive the site. */
export async function startSimulatedSite(options: {
  readonly cameras: number;
  readonly nodes: number;
  readonly seed: number;
  readonly folder: string;
  readonly secrets: SiteSecrets;
}): Promise<SimulatedSite> {
  const { secrets } = options;
  const camera = { username: 'admin', password: secrets.camera };
  const node = { username: 'installer', password: secrets.node };
  await using starting = new AsyncDisposableStack();
  const cameras = await createSimCameras({ count: options.cameras, seed: options.seed, ...camera });
  const nodes = createSimNodes({
    count: options.nodes,
    directory: join(options.folder, 'nodes'),
    port: nodePort,
    ...node,
  });
  for (const machine of [...cameras, ...nodes]) {
    starting.defer(() => machine.stop());
    await machine.start();
  }
  const started = starting.move();
  return {
    cameras,
    nodes,
    facts: { cameraCount: cameras.length, camera, nodes, node },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** What the app is told so that it looks at the simulated site and nowhere else. */
export function shellSettings(site: SiteFacts, secrets: SiteSecrets): ShellSettings {
  return {
    passphrase: secrets.passphrase,
    demo: {
      cameraUsername: site.camera.username,
      cameraPassword: site.camera.password,
      nodeUsername: site.node.username,
      nodePassword: site.node.password,
    },
    discoveryScope: { interfaces: ['127.0.0.1'], nodeRanges: [{ cidr: '127.30.0.0/27', port: nodePort }] },
  };
}
