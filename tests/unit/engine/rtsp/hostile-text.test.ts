/**
 * What one camera or player sends must not take time out of proportion: all cameras wait for it. Measured is not the time
 * but how it grows: four times the text may take ten times as long, where each byte looked at for every other takes sixteen.
 */
import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../../../src/engine/rtsp/authentication.ts';
import { InterleavedReader } from '../../../../src/engine/rtsp/interleaved-reader.ts';
import { isStartLine, parseMessageHead } from '../../../../src/engine/rtsp/message.ts';
import { parseSessionDescription } from '../../../../src/engine/rtsp/sdp.ts';
import { DigestGuard } from '../../../../src/engine/rtsp-server/digest-guard.ts';
import { inChunksOf } from './collecting-reader.ts';

const LARGEST_GROWTH = 10;
/** Below this, what is measured is the machine. */
const LEAST_MS = 5;
/** From here on the machine does not matter, and once is enough. */
const PLAIN_MS = 200;
const HEAD = 'RTSP/1.0 200 OK\r\n';

function fastestMs(work: () => void): number {
  let fastest = measuredMs(work);
  for (let run = 1; run < 4 && fastest > LEAST_MS && fastest < PLAIN_MS; run += 1) {
    fastest = Math.min(fastest, measuredMs(work));
  }
  return Math.max(LEAST_MS, fastest);
}

function measuredMs(work: () => void): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

function read(bytes: Buffer, chunkBytes: number): void {
  const reader = new InterleavedReader({
    onMessage: () => undefined,
    onFrame: () => undefined,
    isKnownChannel: () => false,
  });
  // As a socket does: one buffer for all reads, and what lies behind a read is of another.
  const receiveBuffer = Buffer.alloc(128 * 1024);
  for (const chunk of inChunksOf(chunkBytes, bytes)) {
    chunk.copy(receiveBuffer);
    if (reader.push(receiveBuffer, chunk.length) !== undefined) return;
  }
}

const readAtOnce = (text: string): void => read(Buffer.from(text), 64 * 1024);
const readByteByByte = (text: string): void => read(Buffer.from(text), 1);
/** Bounded to so little each that only many of them show it. */
const readChallenge = (text: string): unknown => parseChallenges(Array.from({ length: 8 }, () => text));
const readDescription = (text: string): unknown => parseSessionDescription(`m=video 0 RTP/AVP 96\r\n${text}`);
const readProof = (authorization: string): void => {
  const guard = new DigestGuard();
  for (let time = 0; time < 50; time += 1) {
    guard.check({ method: 'PLAY', authorization, accounts: [], nowMonotonicMs: 0 });
  }
};

describe('text of a peer', () => {
  it.each([
    {
      what: 'a header line of carriage returns',
      bytes: 32_000,
      take: readAtOnce,
      text: (n: number) => `${HEAD}${'\r'.repeat(n)}x\n`,
    },
    {
      what: 'a header line byte by byte',
      bytes: 32_000,
      take: readByteByByte,
      text: (n: number) => `${HEAD}${'a'.repeat(n)}`,
    },
    {
      what: 'many header lines byte by byte',
      bytes: 32_000,
      take: readByteByByte,
      text: (n: number) => `${HEAD}${'a\n'.repeat(n / 2)}`,
    },
    {
      what: 'folded lines',
      bytes: 32_000,
      take: readAtOnce,
      text: (n: number) => `${HEAD}a: b\n${' c\n'.repeat(n / 3)}\n`,
    },
    {
      what: 'beginnings of start lines',
      bytes: 240_000,
      take: readAtOnce,
      text: (n: number) => 'RTSP/'.repeat(n / 5),
    },
    {
      what: 'blanks before the end of a start line',
      bytes: 12_000,
      take: (text: string) => void isStartLine(text),
      text: (n: number) => `RTSP/1.0 200 O${' '.repeat(n)}K`,
    },
    {
      what: 'blanks before a reason with a line break',
      bytes: 32_000,
      take: (text: string) => void parseMessageHead(text),
      text: (n: number) => `RTSP/1.0 200 ${' '.repeat(n)}a\u2028b`,
    },
    {
      what: 'blanks in a challenge',
      bytes: 8_000,
      take: readChallenge,
      text: (n: number) => `${' '.repeat(n)};`,
    },
    {
      what: 'letters in a challenge',
      bytes: 8_000,
      take: readChallenge,
      text: (n: number) => `Digest ${'a '.repeat(n / 2)}`,
    },
    {
      what: 'an open quote in a challenge',
      bytes: 8_000,
      take: readChallenge,
      text: (n: number) => `Digest realm="${'\\"'.repeat(n / 2)}`,
    },
    {
      what: 'blanks in format parameters',
      bytes: 40_000,
      take: readDescription,
      text: (n: number) => `a=fmtp:96 ${' '.repeat(n)}a\u2028b`,
    },
    {
      what: 'blanks in a mapping',
      bytes: 40_000,
      take: readDescription,
      text: (n: number) => `a=rtpmap:96 H264${' '.repeat(n)}x`,
    },
    {
      what: 'blanks in a line of media',
      bytes: 40_000,
      take: readDescription,
      text: (n: number) => `m=${' '.repeat(n)}x`,
    },
    {
      what: "letters in a player's proof",
      bytes: 4_000,
      take: readProof,
      text: (n: number) => `Digest ${'a'.repeat(n)}`,
    },
    {
      what: "blanks in a player's proof",
      bytes: 4_000,
      take: readProof,
      text: (n: number) => `Digest ${'a'.repeat(n / 2)}${' '.repeat(n / 2)}`,
    },
  ])('$what: takes as long as it is', ({ bytes, take, text }) => {
    const [short, long] = [text(bytes / 4), text(bytes)];
    take(short);
    let growth = Number.POSITIVE_INFINITY;
    // A busy machine may be slow once, but what grows too fast does so each time.
    for (let time = 0; time < 3 && growth >= LARGEST_GROWTH; time += 1) {
      growth = fastestMs(() => take(long)) / fastestMs(() => take(short));
    }
    expect(growth).toBeLessThan(LARGEST_GROWTH);
  });

  it('a large body in reads of one byte is copied a few times, not for every read', () => {
    const reader = new InterleavedReader({
      onMessage: () => undefined,
      onFrame: () => undefined,
      isKnownChannel: () => false,
    });
    const bodyBytes = 128 * 1024;
    const head = Buffer.from(`${HEAD}Content-Length: ${bodyBytes}\r\n\r\n`);
    reader.push(head, head.length);
    let copies = 0;
    let heldBytes = reader.heldBytes;
    for (let byte = 1; byte < bodyBytes; byte += 1) {
      reader.push(Buffer.from('x'), 1);
      if (reader.heldBytes !== heldBytes) copies += 1;
      heldBytes = reader.heldBytes;
    }
    expect(copies).toBeLessThan(12);
  });
});
