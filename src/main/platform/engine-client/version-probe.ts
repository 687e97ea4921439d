import type { ConnectEngine, EngineTarget } from './index.ts';

export type EngineEndpoint = Omit<EngineTarget, 'nodeName'>;

/** Asks an engine that is not watched (yet) for its version: the certificate pinned, the token presented. */
export async function readEngineVersion(
  connect: ConnectEngine,
  endpoint: EngineEndpoint,
  signal: AbortSignal,
): Promise<string> {
  const client = connect({ ...endpoint, nodeName: `${endpoint.address}:${endpoint.port}` });
  try {
    return (await client.status(signal)).version;
  } finally {
    client.close();
  }
}
