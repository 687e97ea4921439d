/** The `Transport` and `Session` fields: RFC 2326 §12.39 and §12.37. */

export interface InterleavedTransport {
  readonly rtpChannel: number;
  readonly rtcpChannel: number;
  /** As announced; devices announce wrong ones. */
  readonly ssrc: number | undefined;
}

/** Undefined when the server chose anything but interleaved TCP. Without `interleaved=` the channels asked for hold. */
export function parseInterleavedTransport(
  field: string | undefined,
  asked: Pick<InterleavedTransport, 'rtpChannel' | 'rtcpChannel'>,
): InterleavedTransport | undefined {
  if (field === undefined) return { ...asked, ssrc: undefined };
  const [protocol = '', ...parameters] = (field.split(',')[0] ?? '').split(';').map((part) => part.trim());
  const channels = valueOf(parameters, 'interleaved');
  // Some write RTP/AVP and mean TCP, as the channels show.
  if (channels === undefined && !/^RTP\/S?AVPF?\/TCP$/i.test(protocol)) return undefined;
  const match = /^(\d{1,3})(?:\s*-\s*(\d{1,3}))?$/.exec(channels ?? '');
  const rtpChannel = match === null ? asked.rtpChannel : Number(match[1]);
  const rtcpChannel = match === null ? asked.rtcpChannel : Number(match[2] ?? rtpChannel + 1);
  if (rtpChannel > 255 || rtcpChannel > 255) return undefined;
  const ssrc = Number.parseInt(valueOf(parameters, 'ssrc') ?? '', 16);
  return { rtpChannel, rtcpChannel, ssrc: Number.isNaN(ssrc) ? undefined : ssrc };
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
