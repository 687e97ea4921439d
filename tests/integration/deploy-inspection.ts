import { createSsh } from '../../src/main/platform/ssh/index.ts';
import type { NodeUnderTest } from './sim-node-fixture.ts';

/** What is on the node, as far as a person could tell: releases, links, service, boot entry, processes. */
export async function inspect(site: NodeUnderTest): Promise<object> {
  await using connection = await createSsh().connect(site.target, new AbortController().signal);
  const lines = async (command: string): Promise<string[]> =>
    (await connection.exec(`cd belvedere 2>/dev/null || exit 0; ${command}`)).stdout
      .split('\n')
      .filter((line) => line !== '');
  return {
    releases: await lines('ls -A releases'),
    links: await lines('for link in current previous; do readlink $link; done'),
    incoming: await lines('ls -A incoming'),
    service: await lines('ls supervisor.sh settings 2>/dev/null'),
    boot: (await lines('crontab -l 2>/dev/null')).length,
    engine: await lines(
      '[ ! -e engine.pid ] || basename "$(dirname "$(dirname "$(readlink /proc/$(cat engine.pid)/exe)")")"',
    ),
  };
}

export const nothing = { releases: [], links: [], incoming: [], service: [], boot: 0, engine: [] };
export function running(version: string, before?: string): object {
  return {
    releases: [version, before].filter((name) => name !== undefined).sort(),
    links: [version, before].filter((name) => name !== undefined).map((name) => `releases/${name}`),
    incoming: [],
    service: ['settings', 'supervisor.sh'],
    boot: 1,
    engine: [version],
  };
}

/** Names of the tokens that open the engine of a node. */
export async function tokensOn(site: NodeUnderTest): Promise<string[]> {
  await using connection = await createSsh().connect(site.target, new AbortController().signal);
  const { stdout } = await connection.exec('ls belvedere/data/tokens 2>/dev/null');
  return stdout.split('\n').filter((name) => name !== '');
}
