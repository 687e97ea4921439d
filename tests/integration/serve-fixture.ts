import { once } from 'node:events';
import { createServer } from 'node:net';
import { WebSocket } from 'ws';
import { enginePaths } from '../../src/shared/engine-api/index.ts';
import type { StreamName } from '../../src/shared/engine-api/index.ts';
import type { EngineProcess } from './engine-process.ts';

/** A port of 127.0.0.1 that was free a moment ago: the configuration of an engine wants to know it beforehand. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('There is no free port.');
  server.close();
  await once(server, 'close');
  return address.port;
}

export interface VideoTag {
  readonly arrivalMs: number;
  readonly timestampMs: number;
  readonly isKey: boolean;
}

/** Watches a stream of an engine over WebSocket and keeps what comes. */
export class LiveWatcher {
  /** Pictures, without sequence headers. */
  readonly pictures: VideoTag[] = [];
  readonly closeCodes: number[] = [];
  readonly #socket: WebSocket;
  readonly #messages: Buffer[] = [];
  #unread = Buffer.alloc(0);
  #hasHeader = false;
  #wake = Promise.withResolvers<void>();

  constructor({ engine, cameraId, stream }: WatcherOptions) {
    const { token } = engine.enrol('view');
    this.#socket = new WebSocket(`wss://127.0.0.1:${engine.port}${enginePaths.live(cameraId, stream)}`, {
      rejectUnauthorized: false,
      headers: { authorization: `Bearer ${token}` },
    });
    this.#socket.binaryType = 'nodebuffer';
    this.#socket.on('message', (message: Buffer) => {
      this.#messages.push(message);
      this.#unread = Buffer.concat([this.#unread, message]);
      this.#readTags();
      this.#announce();
    });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', (code) => {
      this.closeCodes.push(code);
      this.#announce();
    });
  }

  /** Everything that came: one FLV file. */
  get bytes(): Buffer {
    return Buffer.concat(this.#messages);
  }

  /** Resolves as soon as the condition holds, which is looked at after everything that comes. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#wake.promise;
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.until(() => this.closeCodes.length > 0);
  }

  #announce(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  #readTags(): void {
    let at = 0;
    if (!this.#hasHeader) {
      if (this.#unread.length < 13) return;
      this.#hasHeader = true;
      at = 13;
    }
    while (at + 11 <= this.#unread.length) {
      const end = at + 11 + this.#unread.readUIntBE(at + 1, 3) + 4;
      if (end > this.#unread.length) break;
      this.#readTag(this.#unread.subarray(at, end));
      at = end;
    }
    this.#unread = this.#unread.subarray(at);
  }

  /** Adobe Flash Video File Format Specification 10.1 §E.4, AVC only. */
  #readTag(tag: Buffer): void {
    if (tag[0] !== 9 || tag[12] !== 1) return;
    this.pictures.push({
      arrivalMs: performance.now(),
      timestampMs: tag.readUIntBE(4, 3) + (tag[7] ?? 0) * 2 ** 24,
      isKey: (tag[11] ?? 0) >> 4 === 1,
    });
  }
}

interface WatcherOptions {
  readonly engine: EngineProcess;
  readonly cameraId: string;
  readonly stream: StreamName;
}
