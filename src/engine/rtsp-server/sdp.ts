import type { PayloadFormat } from './payload/index.ts';

export interface SdpFacts {
  /** Of the node, as the player reaches it. */
  readonly address: string;
  /** Numeric, of this description (RFC 4566 §5.2). */
  readonly sessionId: number;
  readonly name: string;
  readonly formats: readonly PayloadFormat[];
}

/**
 * What a stream consists of, for DESCRIBE (RFC 4566, RFC 2326 §C). A track's control is its kind. Says nothing of directions:
 * ONVIF means the player's point of view by them, others the server's.
 */
export function formatSdp({ address, sessionId, name, formats }: SdpFacts): string {
  const family = address.includes(':') ? 'IP6' : 'IP4';
  const anyAddress = family === 'IP6' ? '::' : '0.0.0.0';
  const lines = [
    'v=0',
    `o=- ${sessionId} 1 IN ${family} ${address}`,
    `s=${name}`,
    `c=IN ${family} ${anyAddress}`,
    't=0 0',
    'a=tool:Belvedere',
    'a=range:npt=now-',
    'a=control:*',
    ...formats.flatMap((format) => [
      `m=${format.media} 0 RTP/AVP ${format.payloadType}`,
      `a=rtpmap:${format.payloadType} ${format.encoding}`,
      ...(format.parameters === undefined ? [] : [`a=fmtp:${format.payloadType} ${format.parameters}`]),
      `a=control:${format.kind}`,
    ]),
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}
