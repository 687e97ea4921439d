import { describe, expect, it } from 'vitest';
import { RequestReader } from '../../../../src/engine/rtsp-server/request-reader.ts';
import type { RequestFault } from '../../../../src/engine/rtsp-server/request-reader.ts';
import { seededRandom } from '../../../integration/seeded-random.ts';
import { cut, damaged } from '../../../fuzz/mutate.ts';
import { runsWhole } from '../../../support/sampling.ts';

const RUNS = Number(process.env['BELVEDERE_FUZZ_RUNS'] ?? (runsWhole ? 30_000 : 500));

const PLAY = 'PLAY rtsp://n/gate/main RTSP/1.0\r\nCSeq: 4\r\nSession: abc\r\n\r\n';
const PARAMETER = 'SET_PARAMETER rtsp://n/gate/main RTSP/1.0\r\nCSeq: 5\r\nContent-Length: 6\r\n\r\nx: y\r\n';
const RECEIVER_REPORT = Buffer.from('2401000880c9000101020304', 'hex');
const EMPTY_FRAME = Buffer.from('24030000', 'hex');

interface Read {
  readonly requests: readonly string[];
  readonly frames: number;
  readonly fault: RequestFault | undefined;
}

function read(chunks: readonly Uint8Array[]): Read {
  const requests: string[] = [];
  let frames = 0;
  let fault: RequestFault | undefined;
  const reader = new RequestReader({
    onRequest: ({ method, uri, headers }) => requests.push(`${method} ${uri} ${headers.get('cseq')}`),
    onFrame: () => void (frames += 1),
  });
  for (const chunk of chunks) fault ??= reader.push(chunk);
  return { requests, frames, fault };
}

describe('what a player sends', () => {
  const whole = Buffer.concat([
    Buffer.from(`\r\n${PLAY}`),
    RECEIVER_REPORT,
    EMPTY_FRAME,
    Buffer.from(`${PARAMETER}RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n`),
    RECEIVER_REPORT,
    Buffer.from('OPTIONS * RTSP/1.0\nCSeq: 6\n\n'),
  ]);
  const expected: Read = {
    requests: ['PLAY rtsp://n/gate/main 4', 'SET_PARAMETER rtsp://n/gate/main 5', 'OPTIONS * 6'],
    frames: 3,
    fault: undefined,
  };

  it('is split into requests and frames, wherever it is cut', () => {
    expect(read([whole])).toEqual(expected);
    expect(read([...whole].map((byte) => Buffer.of(byte)))).toEqual(expected);
    for (let at = 0; at <= whole.length; at += 1) {
      expect(read([whole.subarray(0, at), whole.subarray(at)])).toEqual(expected);
    }
  });

  it.each<[string, string, RequestFault]>([
    ['another protocol', 'GET / HTTP/1.1\r\nHost: n\r\n\r\n', 'malformed'],
    ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n', 'malformed'],
    ['a length that is no number', 'PLAY rtsp://n RTSP/1.0\r\nContent-Length: -1\r\n\r\n', 'malformed'],
    ['a head without end', `PLAY rtsp://n RTSP/1.0\r\nX: ${'x'.repeat(9_000)}`, 'too-large'],
    ['many lines', `PLAY rtsp://n RTSP/1.0\r\n${'X: y\r\n'.repeat(2_000)}`, 'too-large'],
    ['a large body', 'PLAY rtsp://n RTSP/1.0\r\nContent-Length: 5000\r\n\r\n', 'too-large'],
  ])('ends with a fault when it is %s', (_what, text, fault) => {
    const bytes = Buffer.from(text, 'latin1');
    for (const chunks of [[bytes], [...bytes].map((byte) => Buffer.of(byte))]) {
      expect(read(chunks)).toEqual({ requests: [], frames: 0, fault });
    }
  });

  it('reads the same however it is cut, whatever is wrong with it', () => {
    const random = seededRandom();
    for (let run = 0; run < RUNS; run += 1) {
      const bytes = damaged(whole, () => random.next());
      const whereFault = read([bytes]);
      expect(
        read(cut(bytes, () => random.next())),
        `seed ${random.seed}, run ${run}: ${bytes.toString('base64')}`,
      ).toEqual(whereFault);
    }
  });
});
