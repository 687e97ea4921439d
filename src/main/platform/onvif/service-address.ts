/** Where ONVIF demands the device service to be (ONVIF Core §5.1.1), for devices that tell no address of their own. */
function standardServiceUrl(address: string): string {
  return `http://${address.includes(':') ? `[${address}]` : address}/onvif/device_service`;
}

/**
 * The device service of whoever answered from `sourceAddress`. A device may announce several addresses, among them ones of
 * networks we have no part in, or, if it means ill, of somebody else: only the host that answered us is ever asked, on
 * whatever port it names. Plain HTTP first, since a camera's certificate proves nothing and costs it seconds.
 */
export function chooseServiceUrl(announced: readonly string[], sourceAddress: string): string {
  const own = announced.filter((text) => isHttpUrlOf(text, sourceAddress));
  return own.find((text) => text.startsWith('http:')) ?? own[0] ?? standardServiceUrl(sourceAddress);
}

export function isHttpUrlOf(text: string, address: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && isHost(url, address);
}

/** Whether a URL is of this host; ports may differ. `address` is an IP address or a host name, without brackets. */
export function isHost(url: URL, address: string): boolean {
  return hostOf(url) === address.toLowerCase();
}

/** An URL's host without the brackets of IPv6, in lower case. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
}

export function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

/** The same URL at another host, as when a camera got a new address; port and path stay. */
export function moveToHost(text: string, address: string): string {
  const url = new URL(text);
  url.hostname = address.includes(':') ? `[${address}]` : address;
  return url.toString();
}
