import type { z } from 'zod';
import {
  type CameraConfig,
  type ConfigUpdate,
  ConfigView,
  EngineStatus,
  SegmentList,
  enginePaths,
} from '../../src/shared/engine-api/index.ts';
import { EngineProcess, engineFromSource } from '../integration/engine-process.ts';

/** A real engine in a process of its own on loopback, with an administrator's view of it. */
export interface AdministeredEngine extends AsyncDisposable {
  readonly process: EngineProcess;
  status(): Promise<EngineStatus>;
  /** Replaces the list of cameras. */
  configure(cameras: CameraConfig[]): Promise<ConfigView>;
  /** Replaces these sections of the configuration. */
  update(sections: Omit<z.input<typeof ConfigUpdate>, 'version'>): Promise<ConfigView>;
  segments(cameraId: string): Promise<SegmentList>;
  /** The samples of `/metrics` that have no labels, by name. */
  metrics(): Promise<ReadonlyMap<string, number>>;
  /** Asks for the status again and again until it is as wanted. Throws with the last one when `timeoutMs` have passed. */
  until(wanted: (status: EngineStatus) => boolean, timeoutMs: number): Promise<EngineStatus>;
}

const pollPeriodMs = 100;

/** @param directory the engine's directory, made when it is not there */
export async function startAdministeredEngine(
  directory: string,
  command = engineFromSource,
): Promise<AdministeredEngine> {
  const engine = await EngineProcess.start(directory, { command });
  const { token } = engine.enrol('admin');
  const ask = async (path: string, update?: object): Promise<unknown> => {
    const request = update === undefined ? {} : { method: 'PUT', body: JSON.stringify(update) };
    const answer = await engine.ask(path, { token, ...request });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body.toString()}`);
    return answer.json();
  };
  const status = async () => EngineStatus.parse(await ask(enginePaths.status));
  const update: AdministeredEngine['update'] = async (sections) => {
    const { version } = ConfigView.parse(await ask(enginePaths.config));
    return ConfigView.parse(await ask(enginePaths.config, { version, ...sections }));
  };
  return {
    process: engine,
    status,
    configure: (cameras) => update({ cameras }),
    update,
    async metrics() {
      const { body } = await engine.ask(enginePaths.metrics, { token });
      const samples = body.toString().matchAll(/^(?<name>\w+) (?<value>\S+)$/gm);
      return new Map(Array.from(samples, (sample) => [sample[1] ?? '', Number(sample[2])]));
    },
    segments: async (cameraId) => SegmentList.parse(await ask(enginePaths.segments(cameraId))),
    async until(wanted, timeoutMs) {
      const deadlineMs = performance.now() + timeoutMs;
      for (;;) {
        const present = await status();
        if (wanted(present)) return present;
        if (performance.now() > deadlineMs)
          throw new Error(`the engine stayed at ${JSON.stringify(present.cameras)}`);
        // The API has no event for this yet: it is asked until it answers as wanted.
        await new Promise((resolve) => setTimeout(resolve, pollPeriodMs));
      }
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}
