/** Which URIs the requests of a session name: RFC 2326 §C.1.1, RFC 7826 §D.1.1, and what devices make of it. */
import { RtspFailure } from './failure.ts';
import type { RtspHeaders } from './message.ts';

export interface RtspAddress {
  readonly host: string;
  readonly port: number;
  /** RTSP over TLS (`rtsps`). */
  readonly isSecure: boolean;
  /** Without user information, as it goes into requests. */
  readonly uri: string;
}

const DEFAULT_PORT = 554;
/** RFC 7826 §22.14. */
const DEFAULT_SECURE_PORT = 322;

/** Splits an `rtsp://` or `rtsps://` address. User information is dropped: credentials travel beside it. */
export function parseRtspAddress(url: string): RtspAddress {
  const match =
    /^(rtsps?):\/\/(?:[^/?#@]*@)?(\[[0-9a-f:.]{2,64}\]|[\p{L}\p{N}._~-]{1,255})(?::(\d{1,5}))?([/?][^\s\p{Cc}#]*)?$/iu.exec(
      url,
    );
  const isSecure = match?.[1]?.toLowerCase() === 'rtsps';
  const defaultPort = isSecure ? DEFAULT_SECURE_PORT : DEFAULT_PORT;
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (match === null || port < 1 || port > 65_535) {
    throw new RtspFailure('unsupported', 'The address is not of the form rtsp://host[:port]/path.');
  }
  const authority = `${match[2] ?? ''}${match[3] === undefined ? '' : `:${match[3]}`}`;
  return {
    host: (match[2] ?? '').replaceAll(/^\[|\]$/g, ''),
    port,
    isSecure,
    uri: `${isSecure ? 'rtsps' : 'rtsp'}://${authority}${match[4] ?? '/'}`,
  };
}

/** How sentences name it. */
export function placeOf({ host, port }: Pick<RtspAddress, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What relative control attributes are relative to: Content-Base, then Content-Location, then the request. */
export function baseUri(headers: RtspHeaders, requestUri: string): string {
  const stated = [headers.get('content-base'), headers.get('content-location')];
  return stated.find((value) => value !== undefined && /^rtsps?:\/\/\S+$/i.test(value)) ?? requestUri;
}

/** The URI that a control attribute means; `*` or nothing is the base itself. */
export function controlUri(base: string, control: string | undefined): string {
  if (control === undefined || control === '' || control === '*') return base;
  if (/^rtsp[su]?:\/\//i.test(control)) return control;
  if (control.startsWith('/')) {
    // Taken as a path by the letter of RFC 3986; servers that send one mean exactly that.
    const authority = /^[a-z]+:\/\/[^/?]*/i.exec(base)?.[0] ?? '';
    return `${authority}${control}`;
  }
  if (control.startsWith('?')) return `${base.replace(/\/$/, '')}${control}`;
  // Not RFC 3986: that would cut off the base's last segment and its query, which servers (LIVE555, Dahua) expect kept.
  return base.endsWith('/') ? `${base}${control}` : `${base}/${control}`;
}
