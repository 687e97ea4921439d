import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import type { NetworkInterface } from '../../../shared/contract/index.ts';
import { formatIpv4, parseIpv4 } from './address-range.ts';

type Listing = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** The IPv4 addresses of this machine, loopback last: those that a probe can leave from. */
export function listNetworkInterfaces(listing: Listing = networkInterfaces()): readonly NetworkInterface[] {
  return Object.entries(listing)
    .flatMap(([name, addresses = []]) =>
      addresses
        .filter(({ family }) => family === 'IPv4')
        .map(({ address, netmask, cidr, internal }) => ({
          name,
          address,
          network: `${networkOf(address, netmask)}/${cidr?.split('/')[1] ?? '32'}`,
          isLoopback: internal,
        })),
    )
    .toSorted((a, b) => Number(a.isLoopback) - Number(b.isLoopback));
}

function networkOf(address: string, netmask: string): string {
  const bits = parseIpv4(address);
  const mask = parseIpv4(netmask);
  return bits === undefined || mask === undefined ? address : formatIpv4((bits & mask) >>> 0);
}
