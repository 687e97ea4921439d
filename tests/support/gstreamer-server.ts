import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const python = '/usr/bin/python3';
const script = join(import.meta.dirname, '..', 'integration', 'gstreamer', 'rtsp_server.py');

/** Why GStreamer's RTSP server cannot be used here, in words; undefined when it can. */
export function gstreamerMissing(): string | undefined {
  const places = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'];
  const isThere =
    existsSync(python) &&
    places.some((place) => existsSync(join(place, 'girepository-1.0', 'GstRtspServer-1.0.typelib'))) &&
    places.some((place) => existsSync(join(place, 'gstreamer-1.0', 'libgstx264.so')));
  return isThere ? undefined : "GStreamer's RTSP server (gir1.2-gst-rtsp-server-1.0) is not installed";
}

export interface GstreamerServer extends AsyncDisposable {
  /** `rtsp://127.0.0.1:PORT/stream` */
  readonly url: string;
}

/** Serves a pipeline with an RTSP server that shares no code with ours; with `login` it asks for Digest authentication. */
export async function startGstreamerServer(
  pipeline: string,
  login?: { readonly username: string; readonly passwordFile: string },
): Promise<GstreamerServer> {
  const loginArguments = login === undefined ? [] : [login.username, login.passwordFile];
  const child = spawn(python, [script, pipeline, ...loginArguments], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    exited.then(([code]): never => {
      throw new Error(`GStreamer's server ended with ${code}`);
    }),
  ]);
  return {
    url: `rtsp://127.0.0.1:${String(line[0]).replace('PORT ', '')}/stream`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
