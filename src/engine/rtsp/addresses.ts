/** Which URIs the requests of a session name: RFC 2326 §C.1.1, RFC 7826 §D.1.1, and what devices make of it. */
import { RtspFailure } from './failure.ts';
import type { RtspHeaders } from './message.ts';

export interface RtspAddress {
  readonly host: string;
  readonly port: number;
  /** Without user information, as it goes into requests. */
  readonly uri: string;
}

const DEFAULT_PORT = 554;

/** Splits an `rtsp://` address. User information is dropped: credentials travel beside it. */
export function parseRtspAddress(url: string): RtspAddress {
  const match =
    /^(rtsps?):\/\/(?:[^/?#@]*@)?(\[[0-9a-f:.]+\]|[^/?#:@\s]+)(?::(\d{1,5}))?([/?][^\s#]*)?$/i.exec(url);
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  if (match === null || port < 1 || port > 65_535) {
    throw new RtspFailure('unsupported', 'The address is not of the form rtsp://host[:port]/path.');
  }
  if (match[1]?.toLowerCase() === 'rtsps') {
    throw new RtspFailure(
      'unsupported',
      'RTSP over TLS is not supported. Give an address that starts with rtsp://.',
    );
  }
  const authority = `${match[2] ?? ''}${match[3] === undefined ? '' : `:${match[3]}`}`;
  return {
    host: (match[2] ?? '').replaceAll(/^\[|\]$/g, ''),
    port,
    uri: `rtsp://${authority}${match[4] ?? '/'}`,
  };
}

/** What relative control attributes are relative to: Content-Base, then Content-Location, then the request. */
export function baseUri(headers: RtspHeaders, requestUri: string): string {
  const stated = [headers.get('content-base'), headers.get('content-location')];
  return stated.find((value) => value !== undefined && /^rtsp:\/\/\S+$/i.test(value)) ?? requestUri;
}

/** The URI that a control attribute means; `*` or nothing is the base itself. */
export function controlUri(base: string, control: string | undefined): string {
  if (control === undefined || control === '' || control === '*') return base;
  if (/^rtspu?:\/\//i.test(control)) return control;
  if (control.startsWith('/')) {
    // Taken as a path by the letter of RFC 3986; servers that send one mean exactly that.
    const authority = /^[a-z]+:\/\/[^/?]*/i.exec(base)?.[0] ?? '';
    return `${authority}${control}`;
  }
  if (control.startsWith('?')) return `${base.replace(/\/$/, '')}${control}`;
  // Not RFC 3986: that would cut off the base's last segment and its query, which servers (LIVE555, Dahua) expect kept.
  return base.endsWith('/') ? `${base}${control}` : `${base}/${control}`;
}
