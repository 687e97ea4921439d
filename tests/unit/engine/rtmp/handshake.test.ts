import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ServerHandshake } from '../../../../src/engine/rtmp/handshake.ts';
import { inPiecesOf } from './reading-chunks.ts';

const PACKET = 1_536;
const tail = Buffer.from('f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae', 'hex');
const playerKey = Buffer.from('Genuine Adobe Flash Player 001');
const serverKey = Buffer.from('Genuine Adobe Flash Media Server 001');

/** Not random, but no zeros. */
function noise(byteLength: number): Buffer {
  return Buffer.from(Array.from({ length: byteLength }, (_, index) => 1 + ((index * 37) % 255)));
}

function shake(
  hello: Buffer,
  pieceBytes: number,
): { readonly answer: Buffer; readonly state: string; readonly left: number } {
  const written: Uint8Array[] = [];
  const handshake = new ServerHandshake({ write: (bytes) => void written.push(bytes), randomBytes: noise });
  let taken = 0;
  const bytes = Buffer.concat([hello, Buffer.alloc(PACKET, 7), Buffer.from('next')]);
  for (const piece of inPiecesOf(bytes, pieceBytes)) {
    if (handshake.state === 'running') taken += handshake.push(piece, piece.length);
  }
  return { answer: Buffer.concat(written), state: handshake.state, left: bytes.length - taken };
}

/** Where the digest lies in a packet of the given form, as the four bytes at `pointer` say. */
function digestAt(packet: Buffer, pointer: number): number {
  const sum = [0, 1, 2, 3].reduce((total, byte) => total + packet.readUInt8(pointer + byte), 0);
  return pointer + 4 + (sum % 728);
}

function digest(packet: Buffer, at: number, key: Buffer): Buffer {
  const hash = createHmac('sha256', key);
  return hash
    .update(packet.subarray(0, at))
    .update(packet.subarray(at + 32))
    .digest();
}

describe('a hello without a digest', () => {
  const hello = Buffer.concat([Buffer.of(3, 0, 0, 0, 9, 0, 0, 0, 0), noise(PACKET - 8)]);

  it.each([1, 700, 1_537, 10_000])('is echoed, in pieces of %i bytes', (pieceBytes) => {
    const { answer, state, left } = shake(hello, pieceBytes);
    expect({ length: answer.length, version: answer[0], state, left: pieceBytes === 1 ? left : 4 }).toEqual({
      length: 1 + 2 * PACKET,
      version: 3,
      state: 'done',
      left: 4,
    });
    expect(answer.subarray(1 + PACKET)).toEqual(hello.subarray(1));
  });
});

describe.each([8, 772])('a hello with a digest behind byte %i', (pointer) => {
  it('is answered with digests of the same form', () => {
    const packet = noise(PACKET);
    packet.set([0, 0, 0, 9, 128, 0, 7, 2]);
    const at = digestAt(packet, pointer);
    digest(packet, at, playerKey).copy(packet, at);
    const { answer } = shake(Buffer.concat([Buffer.of(3), packet]), 1_000);

    const first = answer.subarray(1, 1 + PACKET);
    const firstAt = digestAt(first, pointer);
    expect(first.subarray(firstAt, firstAt + 32)).toEqual(digest(first, firstAt, serverKey));
    const second = answer.subarray(1 + PACKET);
    const key = createHmac('sha256', Buffer.concat([serverKey, tail]))
      .update(packet.subarray(at, at + 32))
      .digest();
    expect(second.subarray(PACKET - 32)).toEqual(
      createHmac('sha256', key)
        .update(second.subarray(0, PACKET - 32))
        .digest(),
    );
  });
});

it('refuses what begins like text', () => {
  expect(shake(Buffer.from('GET / HTTP/1.1\r\n\r\n'), 4)).toEqual({
    answer: Buffer.alloc(0),
    state: 'refused',
    left: expect.any(Number),
  });
});
