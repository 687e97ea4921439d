import { z } from 'zod';
import type { EngineLayout } from './layout.ts';
import { stateFile } from './state-file.ts';
import type { StateFile } from './state-file.ts';

export const DEFAULT_PORT = 8443;

const Endpoint = z.object({
  host: z.string().max(255),
  port: z.int().min(1).max(65_535),
  processId: z.int().positive(),
});
export type Endpoint = z.infer<typeof Endpoint>;

/** Where the engine that ran last listened: for `enrol`, which tells the port, and `health`, which asks there. */
export function endpointFile(layout: EngineLayout): StateFile<Endpoint> {
  return stateFile({ path: layout.endpoint, formatVersion: 1, schema: Endpoint });
}

/** The address at which a program on the same machine reaches an engine that listens on `host`. */
export function localAddress(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
