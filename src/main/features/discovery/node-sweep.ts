import type { DiscoveryScope } from '../../../shared/contract/index.ts';
import { DeskError } from '../../failure.ts';
import { hostsOfRange } from '../../platform/network/address-range.ts';
import { eachBounded } from '../../platform/network/each-bounded.ts';
import { readSshBanner } from '../../platform/network/ssh-banner.ts';
import type { Ssh } from '../../platform/ssh/ports.ts';
import type { NodeSighting } from './found-devices.ts';

export type HostKeyReader = Pick<Ssh, 'readHostKey'>;

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Connections at a time: few enough not to look like an attack to a switch, 1024 silent addresses in 24 s. */
const concurrency = 64;
const bannerTimeoutMs = 1500;

/** Every address of the ranges once, in order. */
export function endpointsOf(ranges: DiscoveryScope['nodeRanges']): readonly Endpoint[] {
  const endpoints = new Map<string, Endpoint>();
  for (const { cidr, port } of ranges) {
    for (const address of hostsOfRange(cidr) ?? []) endpoints.set(`${address}:${port}`, { address, port });
  }
  return [...endpoints.values()];
}

export interface SweepEvents {
  onNode(node: NodeSighting): void;
  onTried(): void;
}

/** Looks for SSH servers and reads their host keys. Nothing is signed in to, nothing trusted. */
export async function sweepForNodes(
  endpoints: readonly Endpoint[],
  options: { readonly hostKeys: HostKeyReader; readonly events: SweepEvents },
  signal: AbortSignal,
): Promise<void> {
  const { hostKeys, events } = options;
  await eachBounded(endpoints, { limit: concurrency, signal }, async (endpoint) => {
    const banner = await readSshBanner({ ...endpoint, timeoutMs: bannerTimeoutMs }, signal);
    if (banner !== undefined) {
      events.onNode({ ...endpoint, banner });
      const fingerprint = await readFingerprint(hostKeys, endpoint, signal);
      if (fingerprint !== undefined) events.onNode({ ...endpoint, banner, hostKeyFingerprint: fingerprint });
    }
    if (!signal.aborted) events.onTried();
  });
}

async function readFingerprint(
  hostKeys: HostKeyReader,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return (await hostKeys.readHostKey(endpoint, signal)).fingerprint;
  } catch (error) {
    // A server that says it is SSH and then does not exchange keys is still shown, without a fingerprint.
    if (error instanceof DeskError) return undefined;
    throw error;
  }
}
