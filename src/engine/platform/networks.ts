import { BlockList, isIP } from 'node:net';

/** Whether an address lies in one of some networks. An IPv4 address on an IPv6 socket is to be given plain. */
export class Networks {
  readonly #list = new BlockList();

  /** @param cidrs such as `10.0.0.0/8` or `fd00::/8` */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) {
      const slash = cidr.lastIndexOf('/');
      const network = cidr.slice(0, slash);
      this.#list.addSubnet(network, Number(cidr.slice(slash + 1)), isIP(network) === 6 ? 'ipv6' : 'ipv4');
    }
  }

  include(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** Without the prefix that an IPv4 address has on an IPv6 socket (RFC 4291 §2.5.5.2). */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
