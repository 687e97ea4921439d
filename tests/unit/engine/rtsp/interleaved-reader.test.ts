import { describe, expect, it } from 'vitest';
import { cameraAnswer } from './camera-answers.ts';
import { frame, inChunksOf, readChunks } from './collecting-reader.ts';

const RTP = Buffer.from('8060000100000e10000000015c', 'hex');
const LONG = Buffer.concat([RTP, Buffer.alloc(300, 0x24)]);
const OPTIONS = cameraAnswer('dahua_options');
const DESCRIBE = cameraAnswer('hikvision_describe');

function everyCut(bytes: Buffer): readonly (readonly [Buffer, Buffer])[] {
  return Array.from({ length: bytes.length + 1 }, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)]);
}

describe('InterleavedReader', () => {
  it('reads messages and frames in any order, whole in one chunk', () => {
    const { units, fault, skippedBytes } = readChunks([
      Buffer.concat([OPTIONS, frame(0, RTP), frame(1, Buffer.alloc(0)), DESCRIBE, frame(2, LONG)]),
    ]);
    expect(units).toMatchObject([
      { message: { kind: 'response', status: 200, reason: 'OK', body: '' } },
      { channel: 0, payload: RTP.toString('hex') },
      { channel: 1, payload: '' },
      { message: { kind: 'response', status: 200 } },
      { channel: 2, payload: LONG.toString('hex') },
    ]);
    expect({ fault, skippedBytes }).toEqual({ fault: undefined, skippedBytes: 0 });
  });

  it('reads the same, cut in two anywhere', () => {
    const bytes = Buffer.concat([OPTIONS, frame(0, RTP), DESCRIBE, frame(1, RTP), frame(0, LONG), OPTIONS]);
    const whole = readChunks([bytes]);
    for (const chunks of everyCut(bytes)) expect(readChunks(chunks)).toEqual(whole);
  });

  it.each([1, 2, 3, 5, 1_000])('reads the same in chunks of %i bytes', (size) => {
    const bytes = Buffer.concat([frame(3, LONG), OPTIONS, frame(0, RTP), DESCRIBE, frame(1, LONG), OPTIONS]);
    expect(readChunks(inChunksOf(size, bytes))).toEqual(readChunks([bytes]));
  });

  it('reads a frame of the largest size', () => {
    const payload = Buffer.alloc(0xffff, 0x80);
    const bytes = Buffer.concat([frame(0, payload), frame(1, RTP)]);
    const expected = [
      { channel: 0, payload: payload.toString('hex') },
      { channel: 1, payload: RTP.toString('hex') },
    ];
    expect(readChunks([bytes]).units).toEqual(expected);
    expect(readChunks(inChunksOf(10_000, bytes)).units).toEqual(expected);
  });

  it('accepts lines that end in a line feed, folded fields, and empty lines between messages', () => {
    const text =
      'RTSP/1.0 401 Unauthorized\ncseq:2\nX-Long: one\n  two\nWWW-Authenticate: Basic realm="a"\n\n\r\n\n';
    const { units } = readChunks([Buffer.from(`${text}RTSP/1.0 200\r\nContent-Length: 2\r\n\r\nhi`)]);
    expect(units).toHaveLength(2);
    const [first, second] = units;
    if (first === undefined || !('message' in first)) throw new Error('The first unit is no message.');
    expect(first.message.headers.get('CSeq')).toBe('2');
    expect(first.message.headers.get('x-long')).toBe('one two');
    expect(second).toMatchObject({ message: { status: 200, reason: '', body: 'hi' } });
  });

  it('reads requests of the server', () => {
    const { units } = readChunks([Buffer.from('OPTIONS rtsp://here/ RTSP/1.0\r\nCSeq: 7\r\n\r\n')]);
    expect(units).toMatchObject([{ message: { kind: 'request', method: 'OPTIONS', uri: 'rtsp://here/' } }]);
  });

  it('passes on frames of channels nobody asked for while in step', () => {
    expect(readChunks([frame(200, RTP)]).units).toEqual([{ channel: 200, payload: RTP.toString('hex') }]);
  });

  it.each([
    { what: 'bytes that are nothing', noise: Buffer.from([0, 1, 2, 0x24, 0xff, 0x52, 0x54, 0x53]) },
    { what: 'the end of a frame whose length was too small', noise: Buffer.alloc(100, 0x24) },
    { what: 'text that is no message', noise: Buffer.from('Reply from the camera\r\nRTSP or so\r\n') },
    {
      what: 'a start line with control characters',
      noise: Buffer.from('RTSP/1.0 200 O\u0001K\r\nOPTIONS x\u0000y RTSP/1.0\r\nRTSP/1.0 200 OK\u000b\n'),
    },
    { what: 'a line without end', noise: Buffer.alloc(5_000, 0x41) },
  ])('finds the next frame and message after $what', ({ noise }) => {
    const bytes = Buffer.concat([frame(0, RTP), noise, frame(1, LONG), OPTIONS, noise, OPTIONS]);
    const whole = readChunks([bytes]);
    expect(whole.units).toMatchObject([
      { channel: 0 },
      { channel: 1, payload: LONG.toString('hex') },
      { message: { status: 200 } },
      { message: { status: 200 } },
    ]);
    expect(whole.skippedBytes).toBe(2 * noise.length);
    for (const size of [1, 7, 64]) expect(readChunks(inChunksOf(size, bytes))).toEqual(whole);
  });

  it('gives up on a head, a body or noise without bound', () => {
    const fields = Buffer.from(`RTSP/1.0 200 OK\r\n${'X: y\r\n'.repeat(11_000)}`);
    const body = Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: 1048577\r\n\r\n');
    const noise = Buffer.alloc(1024 * 1024 + 4_096, 0x01);
    const prefixes = Buffer.from('RTSP/x\n'.repeat(160_000));
    expect(readChunks([fields]).fault).toBe('head-too-large');
    expect(readChunks([body]).fault).toBe('body-too-large');
    expect(readChunks(inChunksOf(65_536, noise)).fault).toBe('out-of-sync');
    expect(readChunks(inChunksOf(65_536, prefixes)).fault).toBe('out-of-sync');
  });
});
