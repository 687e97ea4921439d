/** What players ask the RTSP server, and what slaves greet a master with. */
import { DigestGuard } from '../../../src/engine/rtsp-server/digest-guard.ts';
import { RequestReader } from '../../../src/engine/rtsp-server/request-reader.ts';
import type { PlayerRequest } from '../../../src/engine/rtsp-server/request-reader.ts';
import { parseTarget } from '../../../src/engine/rtsp-server/target.ts';
import { interleavedChannel } from '../../../src/engine/rtsp-server/transport.ts';
import { writeFlvHeader, writeSampleTag } from '../../../src/engine/media/flv/index.ts';
import { greetingPieces } from '../../../src/engine/relay/index.ts';
import { accessUnit, counting, sampleOf } from '../../unit/engine/rtsp-server/written-packets.ts';
import { promise } from '../target.ts';
import type { FuzzInput, FuzzTarget } from '../target.ts';

const BASE = 'rtsp://192.0.2.1:8554/gate/main';
const DIALOGUE = [
  'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n',
  `DESCRIBE ${BASE} RTSP/1.0\r\nCSeq: 2\r\nAccept: application/sdp\r\nAuthorization: Digest username="wall", realm="Belvedere", nonce="abc", uri="${BASE}", response="0123456789abcdef0123456789abcdef", algorithm=MD5\r\n\r\n`,
  `SETUP ${BASE}/video RTSP/1.0\r\nCSeq: 3\r\nTransport: RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=0-1;mode="PLAY"\r\n\r\n`,
  `PLAY ${BASE}/ RTSP/1.0\r\nCSeq: 4\r\nSession: 0123456789abcdef0123456789abcdef\r\nRange: npt=now-\r\n\r\n`,
  `GET_PARAMETER ${BASE} RTSP/1.0\r\nCSeq: 5\r\nContent-Length: 10\r\n\r\nposition\r\n`,
  `TEARDOWN ${BASE} RTSP/1.0\r\nCSeq: 6\r\n\r\n`,
].map((text) => Buffer.from(text));
const RECEIVER_REPORT = Buffer.from('2401000880c9000101020304', 'hex');
const LARGEST_URI_CHARACTERS = 8 * 1024;
const ARRIVAL_MS = 50_000;

export const playersTarget: FuzzTarget = {
  name: 'players',
  load: () =>
    Promise.resolve([
      {
        name: 'requests',
        shape: 'stream',
        corpus: [DIALOGUE, DIALOGUE.flatMap((request) => [request, RECEIVER_REPORT])],
        run: readRequests,
      },
      { name: 'greeting', shape: 'stream', corpus: [greeting()], run: placeGreeting },
    ]),
};

function readRequests(input: FuzzInput): number {
  const guard = new DigestGuard();
  let units = 0;
  const reader = new RequestReader({
    onRequest(request) {
      units += 1;
      understand(request, guard);
    },
    onFrame: () => void (units += 1),
  });
  let fault: string | undefined;
  for (const piece of input) {
    if (fault !== undefined) promise(reader.push(piece) === fault, 'A fault is not final.');
    fault ??= reader.push(piece);
  }
  return units;
}

function understand({ method, uri, headers }: PlayerRequest, guard: DigestGuard): void {
  promise(uri.length <= LARGEST_URI_CHARACTERS, 'A request is larger than its bound.');
  const target = parseTarget(uri);
  if (target !== undefined)
    promise(uri.startsWith(target.baseUrl.slice(0, -1)), 'A base is of another address.');
  const channel = interleavedChannel(headers.get('transport') ?? '', [0]);
  if (channel !== undefined) promise(channel >= 2 && channel <= 254, 'A channel is taken or does not exist.');
  const authorization = headers.get('authorization');
  const verdict = guard.check({ method, authorization, accounts: [], nowMonotonicMs: 0 });
  promise(verdict.kind !== 'accepted', 'Somebody without an account was let in.');
}

function greeting(): FuzzInput {
  const header = Buffer.from(writeFlvHeader({}));
  const tags = Array.from({ length: 20 }, (_, index) => {
    const data = accessUnit(counting(40, index === 0 ? 0x65 : 0x41));
    const time90k = index * 3_600;
    const sample = sampleOf('video', data, { isSync: index === 0, dts90k: time90k, pts90k: time90k });
    return Buffer.concat(writeSampleTag(sample, 0, 'h264').chunks);
  });
  return [header, ...tags];
}

function placeGreeting(input: FuzzInput): number {
  const bytes = Buffer.concat(input);
  const timelineEndMonotonicMs = ARRIVAL_MS - 300;
  const pieces = greetingPieces(bytes, { arrivalMonotonicMs: ARRIVAL_MS, timelineEndMonotonicMs });
  const placed = pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
  promise(placed <= bytes.length, 'A greeting grew.');
  return pieces.length;
}
