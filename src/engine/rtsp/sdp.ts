/** Session descriptions (RFC 8866) as far as a player needs them, read as leniently as cameras write them. */

export interface SessionDescription {
  /** The session's own `a=control`, if any. */
  readonly control: string | undefined;
  readonly media: readonly MediaDescription[];
}

export interface MediaDescription {
  /** `video`, `audio`, `application`, or what else the camera says, in lower case. */
  readonly type: string;
  /** The first payload type of the `m=` line. */
  readonly payloadType: number;
  /** Of the payload type, in upper case, such as `H264`; undefined when unknown. */
  readonly encoding: string | undefined;
  readonly clockRate: number | undefined;
  readonly channels: number | undefined;
  /** Format parameters of the payload type; names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly control: string | undefined;
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive' | undefined;
}

interface Encoding {
  readonly encoding: string;
  readonly clockRate: number;
  readonly channels?: number;
}

/** RFC 3551 §6: payload types that need no `a=rtpmap`. */
const STATIC_ENCODINGS: ReadonlyMap<number, Encoding> = new Map([
  [0, { encoding: 'PCMU', clockRate: 8000, channels: 1 }],
  [3, { encoding: 'GSM', clockRate: 8000, channels: 1 }],
  [8, { encoding: 'PCMA', clockRate: 8000, channels: 1 }],
  [9, { encoding: 'G722', clockRate: 8000, channels: 1 }],
  [14, { encoding: 'MPA', clockRate: 90_000 }],
  [26, { encoding: 'JPEG', clockRate: 90_000 }],
  [32, { encoding: 'MPV', clockRate: 90_000 }],
]);

const MAX_MEDIA = 32;
const MAX_LINES = 2_000;

interface MediaDraft {
  readonly type: string;
  readonly payloadType: number;
  readonly lines: string[];
}

/** Undefined when there is no media line at all. Lines that make no sense are passed over. */
export function parseSessionDescription(text: string): SessionDescription | undefined {
  const session: string[] = [];
  const drafts: MediaDraft[] = [];
  for (const line of text.split(/\r\n|\n|\r/).slice(0, MAX_LINES)) {
    const draft = line.startsWith('m=') ? parseMediaLine(line) : undefined;
    if (draft !== undefined) {
      if (drafts.length === MAX_MEDIA) break;
      drafts.push(draft);
    } else {
      (drafts.at(-1)?.lines ?? session).push(line.trimEnd());
    }
  }
  if (drafts.length === 0) return undefined;
  const sessionDirection = directionIn(session);
  return {
    control: attribute(session, 'control'),
    media: drafts.map((draft) => toMedia(draft, sessionDirection)),
  };
}

/** `m=video 0 RTP/AVP 96`. Only the type and the first number after the protocol matter; devices damage the rest. */
function parseMediaLine(line: string): MediaDraft | undefined {
  const [type = '', , , ...formats] = line.slice(2).trim().split(/\s+/);
  if (type === '') return undefined;
  const format = Number.parseInt(formats[0] ?? '', 10);
  return {
    type: type.toLowerCase(),
    payloadType: Number.isInteger(format) && format >= 0 && format <= 127 ? format : -1,
    lines: [],
  };
}

function toMedia(
  { type, payloadType, lines }: MediaDraft,
  sessionDirection: MediaDescription['direction'],
): MediaDescription {
  const encoding = readEncoding(lines, payloadType);
  return {
    type,
    payloadType,
    encoding: encoding?.encoding,
    clockRate: encoding?.clockRate,
    channels: encoding?.channels,
    parameters: readParameters(lines, payloadType),
    control: attribute(lines, 'control'),
    direction: directionIn(lines) ?? sessionDirection,
  };
}

/** RFC 8866 §6.7: the session's holds for each medium that states none. */
function directionIn(lines: readonly string[]): MediaDescription['direction'] {
  return (['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const).find((direction) =>
    lines.includes(`a=${direction}`),
  );
}

function attributes(lines: readonly string[], name: string): readonly string[] {
  const prefix = `a=${name}:`;
  return lines
    .filter((line) => line.toLowerCase().startsWith(prefix))
    .map((line) => line.slice(prefix.length).trim());
}

function attribute(lines: readonly string[], name: string): string | undefined {
  return attributes(lines, name)[0];
}

/** `96 H264/90000` (RFC 8866 §6.6). */
function readEncoding(lines: readonly string[], payloadType: number): Encoding | undefined {
  for (const value of attributes(lines, 'rtpmap')) {
    const match = /^(\d+)\s+([^/\s]{1,64})\s*\/\s*(\d+)(?:\s*\/\s*(\d+))?/.exec(value);
    if (match === null || Number(match[1]) !== payloadType) continue;
    const clockRate = Number(match[3]);
    if (clockRate < 1 || clockRate > 1_000_000) continue;
    const channels = match[4] === undefined ? {} : { channels: Number(match[4]) };
    return { encoding: (match[2] ?? '').toUpperCase(), clockRate, ...channels };
  }
  return STATIC_ENCODINGS.get(payloadType);
}

/** `96 packetization-mode=1; sprop-parameter-sets=Z0I=,aM4=` (RFC 8866 §6.15). */
function readParameters(lines: readonly string[], payloadType: number): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const value of attributes(lines, 'fmtp')) {
    const match = /^(\d+)\s(.*)$/s.exec(value);
    if (match === null || Number(match[1]) !== payloadType) continue;
    for (const pair of (match[2] ?? '').split(';')) {
      const equals = pair.indexOf('=');
      if (equals === -1) continue;
      parameters.set(pair.slice(0, equals).trim().toLowerCase(), pair.slice(equals + 1).trim());
    }
  }
  return parameters;
}
