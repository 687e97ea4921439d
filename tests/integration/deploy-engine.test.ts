import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { connectEngine } from '../../src/main/platform/engine-client/index.ts';
import type { EngineClient } from '../../src/main/platform/engine-client/index.ts';
import { findNodeProcesses } from '../../src/sim/node/processes.ts';
import { DeployDesk, buildBundle, outline } from './deploy-fixture.ts';
import { startNode } from './sim-node-fixture.ts';

let trustedKeyLine = '';
beforeAll(async () => {
  trustedKeyLine = await buildBundle();
}, 300_000);

it('puts the real engine on a bare node: it answers by its pin, survives a reboot, and a second time changes nothing', async () => {
  await using site = await startNode();
  await using desk = await DeployDesk.open({ trustedKeyLine });
  desk.addNode(site.target);

  const first = await desk.deploy();
  expect(first.state).toMatchObject({ kind: 'succeeded' });
  expect(new Set(Object.values(outline(first)))).toEqual(new Set(['done']));

  const engine = desk.inventory.engines.get('rec-1');
  if (engine === undefined) throw new Error('nothing was registered');
  const client: EngineClient = connectEngine({ ...engine, nodeName: 'rec-1', address: site.node.address });
  const status = await client.status(AbortSignal.timeout(10_000));
  expect(status.version).toBe(engine.version);

  await site.node.reboot(0);
  await expect
    .poll(async () => (await client.health(AbortSignal.timeout(5_000)).catch(() => undefined))?.status, {
      timeout: 30_000,
    })
    .toBe('ok');
  client.close();

  const second = await desk.deploy();
  expect({ state: second.state.kind, steps: outline(second) }).toEqual({
    state: 'succeeded',
    steps: {
      connect: 'done',
      preflight: 'done',
      verify: 'done',
      upload: 'skipped',
      unpack: 'skipped',
      service: 'skipped',
      enrol: 'skipped',
      switch: 'skipped',
      start: 'skipped',
      health: 'done',
      tidy: 'done',
      register: 'skipped',
      revoke: 'done',
    },
  });

  // The token is nowhere but in the vault's place: not in the run, the logs, nor on the node.
  const supervisorLog = await readFile(join(site.node.homeDirectory, 'belvedere', 'supervisor.log'), 'utf8');
  for (const text of [JSON.stringify([first, second]), desk.log.text, supervisorLog]) {
    expect([text.includes(engine.token), text.includes(site.password)]).toEqual([false, false]);
  }
  expect(await readdir(join(site.node.homeDirectory, 'belvedere', 'incoming'))).toEqual([]);

  await site.node.stop();
  expect(await findNodeProcesses(site.node.directory)).toEqual([]);
  // Searched once nothing runs: an engine's files come and go, and a search that meets one that went has failed.
  const search = promisify(execFile)('grep', ['-rlF', engine.token, site.node.homeDirectory]);
  await expect(search).rejects.toMatchObject({ code: 1, stdout: '' });
}, 180_000);
