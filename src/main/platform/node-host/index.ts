import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SshConnection } from '../ssh/index.ts';
import type { HostFacts } from './facts.ts';
import type { NodeHost } from './ports.ts';
import { SupervisedHost } from './supervised.ts';
import { SystemdHost } from './systemd.ts';

export type * from './ports.ts';
export { gatherFacts, isPortTaken } from './facts.ts';
export type { HostFacts } from './facts.ts';
export { archOf, findObstacles } from './requirements.ts';
export type { Obstacle } from './requirements.ts';
export { NodeReleases } from './releases.ts';

/** What the desk puts on nodes besides the engine: texts of `resources/node/`. */
export interface NodeHostFiles {
  readonly supervisorScript: string;
  readonly systemdUnit: string;
}

/** `directory` is `resources/node`. */
export async function loadNodeHostFiles(directory: string): Promise<NodeHostFiles> {
  const [supervisorScript, systemdUnit] = await Promise.all([
    readFile(join(directory, 'supervisor.sh'), 'utf8'),
    readFile(join(directory, 'belvedere-engine.service'), 'utf8'),
  ]);
  return { supervisorScript, systemdUnit };
}

export interface NodeHostOptions {
  readonly connection: SshConnection;
  readonly nodeName: string;
  readonly facts: HostFacts;
  readonly files: NodeHostFiles;
}

/** The host that fits what the node said of itself. */
export function createNodeHost({ connection, nodeName, facts, files }: NodeHostOptions): NodeHost {
  return facts.kind === 'systemd'
    ? new SystemdHost({ connection, nodeName, facts, unit: files.systemdUnit })
    : new SupervisedHost({
        connection,
        nodeName,
        root: facts.installRoot,
        supervisorScript: files.supervisorScript,
      });
}
