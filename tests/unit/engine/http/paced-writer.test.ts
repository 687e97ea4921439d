import { describe, expect, it } from 'vitest';
import { PacedWriter } from '../../../../src/engine/http/paced-writer.ts';

/** A connection that takes what it is handed when the test says so. */
class SlowConnection {
  readonly pieces: { readonly byteLength: number; readonly isLastOfMessage: boolean }[] = [];
  readonly #unwritten: (() => void)[] = [];
  readonly writer = new PacedWriter(({ byteLength }, { isLastOfMessage }, onWritten) => {
    this.pieces.push({ byteLength, isLastOfMessage });
    this.#unwritten.push(onWritten);
  });

  take(count = this.#unwritten.length): void {
    for (const onWritten of this.#unwritten.splice(0, count)) onWritten();
  }
}

const kib = 1024;

describe('a paced writer', () => {
  it('passes a small message on at once, and in one piece', () => {
    const { writer, pieces } = new SlowConnection();
    writer.send(new Uint8Array(10));
    expect(pieces).toEqual([{ byteLength: 10, isLastOfMessage: true }]);
  });

  it('hands over no more than 64 KiB at a time, and the next when that is taken', () => {
    const connection = new SlowConnection();
    const { writer, pieces } = connection;
    writer.send(new Uint8Array(150 * kib));
    writer.send(new Uint8Array(30 * kib));
    writer.send(new Uint8Array(20 * kib));
    expect(pieces.map(({ byteLength }) => byteLength / kib)).toEqual([64]);
    expect([writer.bufferedBytes, writer.writtenBytes]).toEqual([200 * kib, 0]);

    connection.take();
    expect(pieces.slice(1).map(({ byteLength }) => byteLength / kib)).toEqual([64]);
    connection.take();
    expect(pieces.slice(2).map(({ byteLength }) => byteLength / kib)).toEqual([22, 30]);
    connection.take(1);
    expect(pieces.slice(4).map(({ byteLength }) => byteLength / kib)).toEqual([20]);
    expect([writer.bufferedBytes, writer.writtenBytes]).toEqual([50 * kib, 150 * kib]);
    connection.take();

    expect([writer.bufferedBytes, writer.writtenBytes]).toEqual([0, 200 * kib]);
    expect(pieces.map(({ isLastOfMessage }) => isLastOfMessage)).toEqual([false, false, true, true, true]);
  });

  it('hands everything over before an orderly end', () => {
    const connection = new SlowConnection();
    connection.writer.send(new Uint8Array(200 * kib));
    connection.writer.flush();
    expect(connection.pieces.map(({ byteLength }) => byteLength / kib)).toEqual([64, 64, 64, 8]);
    connection.take();
    expect(connection.writer.bufferedBytes).toBe(0);
  });

  it('forgets what waits when nobody would wait for it', () => {
    const connection = new SlowConnection();
    connection.writer.send(new Uint8Array(200 * kib));
    connection.writer.discard();
    expect(connection.writer.bufferedBytes).toBe(64 * kib);
    connection.take();
    expect([connection.pieces.length, connection.writer.bufferedBytes]).toEqual([1, 0]);
  });
});
