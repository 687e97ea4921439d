/** An IPv4 address as an unsigned 32-bit number; undefined when the text is none. */
export function parseIpv4(text: string): number | undefined {
  const octets = text.split('.');
  if (octets.length !== 4) return undefined;
  let value = 0;
  for (const octet of octets) {
    if (!/^\d{1,3}$/.test(octet) || Number(octet) > 255) return undefined;
    value = value * 256 + Number(octet);
  }
  return value;
}

export function formatIpv4(value: number): string {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');
}

/**
 * The addresses a machine can have in an IPv4 network: all of /31 and /32 (RFC 3021), otherwise all but the network's and the
 * broadcast address. Undefined when the text is not a CIDR of /22 or longer, 1024 addresses at most.
 */
export function hostsOfRange(cidr: string): readonly string[] | undefined {
  const [addressText = '', prefixText = '', ...rest] = cidr.split('/');
  const address = parseIpv4(addressText);
  const prefixLength = Number(prefixText);
  if (address === undefined || rest.length > 0 || !/^\d{2}$/.test(prefixText)) return undefined;
  if (prefixLength < 22 || prefixLength > 32) return undefined;
  const count = 2 ** (32 - prefixLength);
  const first = address - (address % count);
  const all = Array.from({ length: count }, (_, index) => formatIpv4(first + index));
  return count > 2 ? all.slice(1, -1) : all;
}
