import { join } from 'node:path';
import type { SimCamera } from '../camera/camera.ts';
import { type SimNode, createSimNodes } from '../node/index.ts';
import { createSimCameras } from '../site/cameras.ts';
import type { ShellSettings } from './shell.ts';
import type { SiteFacts } from './tour.ts';

/** A simulated site has nothing to protect; the demo prints these and the app shows them. */
const demoSecrets = { camera: 'demo-camera', node: 'demo-node', passphrase: 'belvedere-demo' };
export type SiteSecrets = typeof demoSecrets;

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
  readonly secrets?: SiteSecrets;
}): Promise<SimulatedSite> {
  const secrets = options.secrets ?? demoSecrets;
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
export function shellSettings(site: SiteFacts, secrets: SiteSecrets = demoSecrets): ShellSettings {
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
