/** The `Transport` and `Session` fields: RFC 2326 §12.39 and §12.37. */

/** What is asked for: channels of the RTSP connection, or two UDP ports that follow each other. */
export type AskedTransport =
  | { readonly kind: 'interleaved'; readonly rtpChannel: number; readonly rtcpChannel: number }
  | { readonly kind: 'udp'; readonly rtpPort: number };

export type GrantedTransport =
  | {
      readonly kind: 'interleaved';
      readonly rtpChannel: number;
      readonly rtcpChannel: number;
      /** As announced; devices announce wrong ones. */
      readonly ssrc: number | undefined;
    }
  | {
      readonly kind: 'udp';
      /** Where the server sends from; undefined when it does not say. */
      readonly serverPorts: { readonly rtp: number; readonly rtcp: number } | undefined;
      readonly ssrc: number | undefined;
    };

/** The field that asks for it. */
export function formatTransport(asked: AskedTransport): string {
  switch (asked.kind) {
    case 'interleaved':
      return `RTP/AVP/TCP;unicast;interleaved=${asked.rtpChannel}-${asked.rtcpChannel}`;
    case 'udp':
      return `RTP/AVP;unicast;client_port=${asked.rtpPort}-${asked.rtpPort + 1}`;
  }
}

/** What the server grants; undefined when it is neither of the two. What it leaves out holds as it was asked for. */
export function parseTransport(
  field: string | undefined,
  asked: AskedTransport,
): GrantedTransport | undefined {
  const [protocol = '', ...parameters] = (field?.split(',')[0] ?? '').split(';').map((part) => part.trim());
  const channels = valueOf(parameters, 'interleaved');
  const ssrc = hexadecimal(valueOf(parameters, 'ssrc'));
  // Some write RTP/AVP and mean TCP, as the channels show.
  const isTcp = channels !== undefined || /^RTP\/S?AVPF?\/TCP$/i.test(protocol);
  if (field === undefined ? asked.kind === 'interleaved' : isTcp) {
    const defaults = asked.kind === 'interleaved' ? asked : { rtpChannel: 0, rtcpChannel: 1 };
    const pair = numberPair(channels, 255);
    if (pair === 'out-of-range') return undefined;
    return {
      kind: 'interleaved',
      rtpChannel: pair?.first ?? defaults.rtpChannel,
      rtcpChannel: pair?.second ?? defaults.rtcpChannel,
      ssrc,
    };
  }
  const isMulticast = parameters.some((parameter) => parameter.toLowerCase() === 'multicast');
  if (isMulticast || (field !== undefined && !/^RTP\/AVPF?(?:\/UDP)?$/i.test(protocol))) return undefined;
  const ports = numberPair(valueOf(parameters, 'server_port'), 65_535);
  if (ports === 'out-of-range') return undefined;
  const isUsable = ports !== undefined && ports.first > 0;
  return { kind: 'udp', serverPorts: isUsable ? { rtp: ports.first, rtcp: ports.second } : undefined, ssrc };
}

/** `6-7`, or `6` for 6 and the next. */
function numberPair(
  text: string | undefined,
  limit: number,
): { readonly first: number; readonly second: number } | 'out-of-range' | undefined {
  const match = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(text ?? '');
  if (match === null) return undefined;
  const first = Number(match[1]);
  const second = Number(match[2] ?? first + 1);
  return first > limit || second > limit ? 'out-of-range' : { first, second };
}

function hexadecimal(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9a-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) : undefined;
}

function valueOf(parameters: readonly string[], name: string): string | undefined {
  const prefix = `${name}=`;
  return parameters
    .find((parameter) => parameter.toLowerCase().startsWith(prefix))
    ?.slice(prefix.length)
    .trim();
}

export interface SessionHeader {
  readonly id: string;
  readonly timeoutSeconds: number;
}

/** RFC 2326 §12.37. */
const DEFAULT_TIMEOUT_SECONDS = 60;

export function parseSessionHeader(field: string | undefined): SessionHeader | undefined {
  const [id = '', ...parameters] = (field ?? '').split(';').map((part) => part.trim());
  if (id === '') return undefined;
  const timeout = Number(valueOf(parameters, 'timeout') ?? DEFAULT_TIMEOUT_SECONDS);
  const isSensible = Number.isFinite(timeout) && timeout >= 2 && timeout <= 86_400;
  return { id, timeoutSeconds: isSensible ? timeout : DEFAULT_TIMEOUT_SECONDS };
}
