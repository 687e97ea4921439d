/** The Transport header (RFC 2326 §12.39): RTP over the RTSP connection, or over UDP. */

export type TransportKind = 'tcp' | 'udp';

export type ChosenTransport =
  | { readonly kind: 'tcp'; readonly channel: number }
  | { readonly kind: 'udp'; readonly rtpPort: number; readonly rtcpPort: number };

export interface TransportRules {
  /** What the camera is willing to do. */
  readonly kinds: readonly TransportKind[];
  /** For viewers that propose no channel. */
  readonly freeChannel: number;
}

/** The first of the viewer's offers that the rules allow; undefined when there is none. */
export function chooseTransport(header: string, rules: TransportRules): ChosenTransport | undefined {
  for (const specification of header.split(',')) {
    const [profile = '', ...parameters] = specification.trim().split(';');
    const chosen = /^RTP\/AVP\/TCP$/i.test(profile)
      ? chooseChannel(parameters, rules.freeChannel)
      : /^RTP\/AVP(?:\/UDP)?$/i.test(profile)
        ? choosePorts(parameters)
        : undefined;
    if (chosen !== undefined && rules.kinds.includes(chosen.kind)) return chosen;
  }
  return undefined;
}

function chooseChannel(parameters: readonly string[], freeChannel: number): ChosenTransport | undefined {
  const proposal = parameters.find((parameter) => parameter.startsWith('interleaved='));
  if (proposal === undefined) return { kind: 'tcp', channel: freeChannel };
  const [, first] = /^interleaved=(\d{1,3})(?:-\d{1,3})?$/.exec(proposal) ?? [];
  const channel = Number(first);
  return Number.isInteger(channel) && channel <= 254 ? { kind: 'tcp', channel } : undefined;
}

function choosePorts(parameters: readonly string[]): ChosenTransport | undefined {
  if (parameters.includes('multicast')) return undefined;
  const proposal = parameters.find((parameter) => parameter.startsWith('client_port='));
  const [, first, second] = /^client_port=(\d{1,5})(?:-(\d{1,5}))?$/.exec(proposal ?? '') ?? [];
  const rtpPort = Number(first);
  const rtcpPort = Number(second ?? rtpPort + 1);
  return rtpPort > 0 && rtcpPort <= 65_535 ? { kind: 'udp', rtpPort, rtcpPort } : undefined;
}
