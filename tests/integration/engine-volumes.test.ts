import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { markerFileName } from '../../src/engine/storage/volume-identity.ts';
import {
  ConfigView,
  defaultReserveBytes,
  EngineFailure,
  enginePaths,
  VolumeOverview,
  type VolumesConfig,
} from '../../src/shared/engine-api/index.ts';
import { EngineProcess, temporaryFolder } from './engine-process.ts';

describe('the volumes of an engine', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let engine: EngineProcess;
  let token: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    engine = await EngineProcess.start(folder.path);
    ({ token } = engine.enrol('admin'));
  });
  afterEach(async () => {
    await engine[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const put = (volumes: readonly object[], version: number): ReturnType<EngineProcess['ask']> =>
    engine.ask(enginePaths.config, { method: 'PUT', token, body: JSON.stringify({ version, volumes }) });
  const states = async (): Promise<[string, string][]> => {
    const answer = await engine.ask(enginePaths.volumes, { token });
    return VolumeOverview.parse(answer.json()).volumes.map(({ name, state }) => [name, state.kind]);
  };

  it('are one directory beside its state until others are configured, and then those', async () => {
    expect(await states()).toEqual([['recordings', 'ok']]);
    const archive = join(folder.path, 'archive');
    const away = join(folder.path, 'not-mounted');
    await mkdir(archive);

    const answer = await put(
      [
        { name: 'archive', path: archive, maximumDays: 30 },
        { name: 'away', path: away },
      ],
      0,
    );

    const volumes: VolumesConfig = [
      { name: 'archive', path: archive, reserveBytes: defaultReserveBytes, maximumDays: 30 },
      { name: 'away', path: away, reserveBytes: defaultReserveBytes },
    ];
    expect(ConfigView.parse(answer.json())).toMatchObject({ version: 1, volumes });
    await expect.poll(states, { timeout: 10_000 }).toEqual([
      ['archive', 'ok'],
      ['away', 'missing'],
    ]);
    expect(await readdir(archive)).toEqual([markerFileName]);
    // One takes footage: that is not failing.
    expect((await engine.ask(enginePaths.health)).status).toBe(200);
    const metrics = (await engine.ask(enginePaths.metrics, { token })).body.toString('utf8');
    expect(metrics).toContain('belvedere_volume_ok{volume="away"} 0');
    expect(metrics).toContain('belvedere_volume_write_seconds_bucket{volume="archive",le="0.001"} 0');

    expect(await engine.end('SIGTERM')).toEqual({ code: 0, signal: null });
    engine = await EngineProcess.start(folder.path);
    expect(await states()).toEqual([
      ['archive', 'ok'],
      ['away', 'missing'],
    ]);
  });

  it('are refused when they make no sense, and nothing changes', async () => {
    const answer = await put([{ name: 'archive', path: 'not/absolute' }], 0);

    expect([answer.status, EngineFailure.parse(answer.json()).code]).toEqual([400, 'invalid-request']);
    expect(await states()).toEqual([['recordings', 'ok']]);
  });
});
