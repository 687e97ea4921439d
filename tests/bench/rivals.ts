import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostedCamera } from './cameras.ts';
import { lineFrom, startHelper } from './processes.ts';

/** What the engine is compared with: processes that record the same cameras. */
export interface Rival extends AsyncDisposable {
  readonly pids: readonly number[];
}

interface RivalOptions {
  readonly cameras: readonly HostedCamera[];
  readonly directory: string;
}

/** One `ffmpeg -c copy` a camera, picture and sound, into fragmented MP4 segments of a minute. */
export async function startFfmpegs({ cameras, directory }: RivalOptions): Promise<Rival> {
  const children = await Promise.all(
    cameras.map(async ({ mainUrl, username, password }, index) => {
      const folder = join(directory, String(index));
      await mkdir(folder, { recursive: true });
      const url = mainUrl.replace('://', `://${username}:${password}@`);
      const source = `-nostdin -loglevel error -rtsp_transport tcp -i ${url} -map 0 -c copy`;
      const target = '-f segment -segment_time 60 -segment_format mp4 -segment_format_options';
      const fragmented = 'movflags=+frag_keyframe+empty_moov+default_base_moof';
      return spawn('ffmpeg', [...`${source} ${target} ${fragmented}`.split(' '), join(folder, '%03d.mp4')], {
        stdio: 'ignore',
      });
    }),
  );
  return {
    pids: children.map(({ pid }) => pid ?? 0),
    async [Symbol.asyncDispose]() {
      await Promise.all(
        children.map(async (child) => {
          child.kill('SIGKILL');
          if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
        }),
      );
    },
  };
}

/** See floor-host.ts. */
export async function startFloor({ cameras, directory }: RivalOptions): Promise<Rival> {
  await mkdir(directory, { recursive: true });
  const child = startHelper('floor-host.ts', []);
  child.stdin.write(`${JSON.stringify({ directory, cameras })}\n`);
  await lineFrom(child);
  return {
    pids: [child.pid ?? 0],
    async [Symbol.asyncDispose]() {
      const gone = once(child, 'exit');
      child.stdin.end();
      await gone;
    },
  };
}
