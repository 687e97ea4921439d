import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect, nothing, running, tokensOn } from './deploy-inspection.ts';
import { openVictim } from './deploy-victim.ts';
import type { VictimOrder } from './deploy-victim.ts';
import { seededRandom } from './seeded-random.ts';
import type { SeededRandom } from './seeded-random.ts';
import { startNode } from './sim-node-fixture.ts';
import type { NodeUnderTest } from './sim-node-fixture.ts';
import { makeBundle, makeKey } from './test-bundle.ts';
import type { TestKey } from './test-bundle.ts';
import { runsWhole } from '../support/sampling.ts';

let directory = '';
let key: TestKey;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'belvedere-test-bundles-'));
  key = await makeKey(directory);
});
afterAll(() => rm(directory, { recursive: true }));

const victim = fileURLToPath(new URL('deploy-victim.ts', import.meta.url));
/** Each takes a deployment and a half; every moment there is when asked. */
const samples = runsWhole ? Number.POSITIVE_INFINITY : 2;

/** Deploys in a process of its own, which is killed after a command on the node; gives what it printed when it was not. */
async function deployAndDie(order: VictimOrder, killAt: number): Promise<string> {
  const child = spawn(process.execPath, [victim, String(killAt)], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(order));
  return text(child.stdout);
}

describe('a desk that is killed while it deploys', () => {
  it.for(['resumed', 'cancelled'] as const)(
    'finds its run again, wherever it died, and it can be %s',
    { timeout: 600_000 },
    async (how) => {
      await makeBundle({ directory, version: '1.0.0', key });
      const orderFor = (site: NodeUnderTest, name: string): VictimOrder => ({
        databasePath: join(directory, `killed-${how}-${name}.sqlite`),
        bundleDirectory: directory,
        trustedKeyLine: key.publicKeyLine,
        target: site.target,
      });
      await using whole = await startNode();
      const [, moments = ''] =
        /^succeeded (\d+)$/.exec(await deployAndDie(orderFor(whole, 'never'), 0)) ?? [];
      expect(Number(moments)).toBeGreaterThan(15);
      const random = seededRandom();
      for (const killAt of sampleMoments(Number(moments), random)) {
        const context = `seed ${random.seed}, killed after command ${killAt} of ${moments}`;
        await using site = await startNode();
        const order = orderFor(site, String(killAt));
        const printed = await deployAndDie(order, killAt);
        await using desk = await openVictim(order);
        desk.runs.start();
        const [left] = desk.runs.current();
        if (left === undefined) throw new Error(`${context}: nothing is known of the run.`);
        const found = left.state.kind;
        if (how === 'resumed') desk.runs.resume(left.id);
        else desk.runs.cancel(left.id);
        await desk.runs.ended(left.id);
        const registered = desk.inventory.engines.get('rec-1');
        expect({
          context,
          printed,
          found,
          ended: desk.runs.get(left.id).state.kind,
          node: await inspect(site),
          version: registered?.version,
          tokens: await tokensOn(site),
        }).toEqual({
          context,
          printed: '',
          found: 'interrupted',
          ended: how === 'resumed' ? 'succeeded' : 'cancelled',
          node: how === 'resumed' ? running('1.0.0') : nothing,
          version: how === 'resumed' ? '1.0.0' : undefined,
          // None is left that nobody knows.
          tokens: how === 'resumed' ? [registered?.tokenId] : [],
        });
      }
    },
  );
});

/** Some of the moments 1 to `count`, the last of them always: everything is done then, and nobody knows. */
function sampleMoments(count: number, random: SeededRandom): number[] {
  const all = Array.from({ length: count }, (_, index) => ({ moment: index + 1, rank: random.next() }));
  const chosen = all.toSorted((left, right) => left.rank - right.rank).slice(0, samples);
  return [...new Set([...chosen.map(({ moment }) => moment), count])];
}
