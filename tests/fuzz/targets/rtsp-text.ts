/** What cameras write: messages, descriptions, fields. */
import { baseUri, controlUri, parseRtspAddress } from '../../../src/engine/rtsp/addresses.ts';
import {
  Authenticator,
  parseChallenges,
  strongestChallenge,
} from '../../../src/engine/rtsp/authentication.ts';
import { RtspFailure } from '../../../src/engine/rtsp/failure.ts';
import { InterleavedReader, MAX_HELD_BYTES } from '../../../src/engine/rtsp/interleaved-reader.ts';
import { formatRequest, parseMessageHead } from '../../../src/engine/rtsp/message.ts';
import type { RtspMessage } from '../../../src/engine/rtsp/message.ts';
import { redirectTarget } from '../../../src/engine/rtsp/redirect.ts';
import { parseSessionDescription } from '../../../src/engine/rtsp/sdp.ts';
import { parseSessionHeader, parseTransport } from '../../../src/engine/rtsp/transport.ts';
import { frame } from '../../unit/engine/rtsp/collecting-reader.ts';
import type { RtspCorpus } from '../corpus.ts';
import { promise } from '../target.ts';
import type { FuzzInput, FuzzPart } from '../target.ts';

const REDIRECT = Buffer.from(
  'RTSP/1.0 302 Moved Temporarily\r\nCSeq: 2\r\nLocation: rtsp://192.0.2.9:8554/live?channel=1\r\n\r\n',
);
const CHALLENGE = Buffer.from(
  'RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nWWW-Authenticate: Digest realm="a \\" b", nonce="n", qop="auth,auth-int", algorithm=SHA-256, Basic realm="x"\r\nWWW-Authenticate: Digest realm="IP Camera(C1234)", nonce="0a4f", stale="FALSE", opaque="", algorithm=MD5-sess\r\n\r\n',
);
const UDP_SETUP = Buffer.from(
  'RTSP/1.0 200 OK\r\nCSeq: 4\r\nSession: 1234;timeout=60\r\nTransport: RTP/AVP;unicast;client_port=50000-50001;server_port=6970-6971;ssrc=1A2B\r\n\r\n',
);
const SERVER_REQUEST = Buffer.from('OPTIONS rtsp://192.0.2.1/ RTSP/1.0\r\nCSeq: 77\r\n\r\n');

export function textParts(corpus: RtspCorpus): readonly FuzzPart[] {
  const messages = [...corpus.answers, REDIRECT, CHALLENGE, UDP_SETUP, SERVER_REQUEST];
  return [
    {
      name: 'interleaved',
      shape: 'stream',
      corpus: [
        ...corpus.answers.map((answer) => [
          answer,
          ...corpus.video.slice(0, 3).map((packet) => frame(0, packet)),
          frame(1, corpus.senderReport),
          ...corpus.audio.slice(0, 2).map((packet) => frame(2, packet)),
          SERVER_REQUEST,
        ]),
        [frame(0, Buffer.alloc(65_535, 0x80)), ...messages],
      ],
      run: readInterleaved,
    },
    { name: 'message', shape: 'stream', corpus: messages.map((message) => [message]), run: readMessage },
    {
      name: 'sdp',
      shape: 'stream',
      corpus: corpus.descriptions.map((text) => [Buffer.from(text)]),
      run: readDescription,
    },
    {
      name: 'address',
      shape: 'stream',
      corpus: ['rtsp://192.0.2.1:554/live?x=1', 'rtsps://user:p%40ss@[2001:db8::1]/a'].map((text) => [
        Buffer.from(text),
      ]),
      run: readAddress,
    },
  ];
}

interface Reading {
  readonly units: readonly string[];
  readonly fault: string | undefined;
  readonly skippedBytes: number;
}

/** Reads through one receive buffer, which the next read overwrites. */
function read(chunks: Iterable<Buffer>, receiveBuffer: Buffer): Reading {
  const units: string[] = [];
  let emitted = 0;
  let received = 0;
  const reader = new InterleavedReader({
    onMessage: (message) => {
      promise(message.body.length <= 2 ** 20, 'A body is larger than 1 MiB.');
      units.push(`${message.kind} ${message.body}`);
    },
    onFrame: (channel, bytes, { start, end }) => {
      promise(
        start <= end && end <= bytes.length && end - start <= 0xffff,
        'A frame lies outside of its bytes.',
      );
      emitted += end - start;
      units.push(`${channel} ${bytes.toString('latin1', start, end)}`);
    },
    isKnownChannel: (channel) => channel < 4,
  });
  let fault: string | undefined;
  for (const chunk of chunks) {
    chunk.copy(receiveBuffer);
    received += chunk.length;
    fault = reader.push(receiveBuffer, chunk.length);
    promise(reader.heldBytes <= MAX_HELD_BYTES, `The reader holds ${reader.heldBytes} bytes.`);
    receiveBuffer.fill(0xee, 0, chunk.length);
    if (fault !== undefined) break;
  }
  promise(emitted + reader.skippedBytes <= received, 'More came out than went in.');
  return { units, fault, skippedBytes: reader.skippedBytes };
}

const RECEIVE_BUFFER = Buffer.alloc(256 * 1024);

function readInterleaved(input: FuzzInput): number {
  const inPieces = read(input, RECEIVE_BUFFER);
  const whole = read([Buffer.concat(input)], RECEIVE_BUFFER);
  promise(JSON.stringify(inPieces) === JSON.stringify(whole), 'It reads otherwise in pieces than whole.');
  return whole.units.length;
}

/** What is done with a message after it was read. */
function readMessage(input: FuzzInput): number {
  const message = parseMessageHead(Buffer.concat(input).toString('utf8').trimEnd());
  if (message === undefined) return 0;
  answerChallenges(message);
  const { headers } = message;
  const session = parseSessionHeader(headers.get('session'));
  promise(
    session === undefined || (session.timeoutSeconds >= 2 && session.timeoutSeconds <= 86_400),
    'A session has a timeout that is none.',
  );
  for (const asked of [
    { kind: 'udp', rtpPort: 5_000 },
    { kind: 'interleaved', rtpChannel: 2, rtcpChannel: 3 },
  ] as const) {
    const granted = parseTransport(headers.get('transport'), asked);
    const numbers =
      granted?.kind === 'interleaved'
        ? [granted.rtpChannel, granted.rtcpChannel].map((channel) => channel / 255)
        : [granted?.serverPorts?.rtp ?? 1, granted?.serverPorts?.rtcp ?? 1].map((port) => port / 65_535);
    promise(
      numbers.every((number) => number >= 0 && number <= 1),
      'A channel or port is none.',
    );
  }
  if (message.kind === 'response') {
    orNamedFailure(() => redirectTarget(message, parseRtspAddress('rtsp://192.0.2.1/live')));
  }
  promiseOneRequest(controlUri(baseUri(headers, 'rtsp://192.0.2.1/'), headers.get('location')), [
    ['Session', session?.id ?? ''],
  ]);
  return 1;
}

function answerChallenges({ headers }: RtspMessage): void {
  const challenges = parseChallenges(headers.all('www-authenticate'));
  promise(challenges.length <= 16, 'There are more than 16 challenges.');
  const challenge = strongestChallenge(challenges);
  if (challenge === undefined) return;
  const authenticator = new Authenticator({ credentials: { username: 'u', password: 'p' }, challenge });
  promiseOneRequest('rtsp://192.0.2.1/', [
    ['Authorization', authenticator.authorization('PLAY', 'rtsp://192.0.2.1/')],
  ]);
  authenticator.isRenewedBy(challenge);
}

/** Whatever a camera says, it cannot write a field or a request of its own into ours. */
function promiseOneRequest(uri: string, headers: readonly (readonly [string, string])[]): void {
  const lines = formatRequest({ method: 'PLAY', uri, headers }).split(/\r\n|\r|\n/);
  promise(lines.length === headers.length + 3, 'A request has more lines than were written.');
}

function readDescription(input: FuzzInput): number {
  const description = parseSessionDescription(Buffer.concat(input).toString('utf8'));
  if (description === undefined) return 0;
  promise(description.media.length > 0 && description.media.length <= 32, 'There are more than 32 media.');
  for (const { payloadType, clockRate, control } of description.media) {
    promise(payloadType >= -1 && payloadType <= 127, 'A payload type is none.');
    promise(clockRate === undefined || (clockRate >= 1 && clockRate <= 1_000_000), 'A clock rate is none.');
    promiseOneRequest(controlUri('rtsp://192.0.2.1/', control), []);
  }
  return description.media.length;
}

function readAddress(input: FuzzInput): number {
  const text = Buffer.concat(input).toString('utf8');
  const address = orNamedFailure(() => parseRtspAddress(text));
  if (address === undefined) return 0;
  const { host, port, uri } = address;
  promise(host !== '' && !host.includes('@') && port >= 1 && port <= 65_535, 'An address leads nowhere.');
  promise(!/\s/.test(uri), 'An address has blanks.');
  return 1;
}

function orNamedFailure<Result>(act: () => Result): Result | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof RtspFailure) return undefined;
    throw error;
  }
}
