import { createHmac } from 'node:crypto';

/**
 * The server's side of RTMP's handshake (Adobe's Real Time Messaging Protocol 1.0 §5.2), and of the variant with digests
 * that players since Flash 9 and many encoders use, which no specification describes. The keys are no secrets: they are in
 * every implementation.
 */

const VERSION = 3;
/** Versions from here on are forbidden, so that text protocols are told apart: §5.2.2. */
const FIRST_TEXT_VERSION = 32;
const PACKET_BYTES = 1_536;
const DIGEST_BYTES = 32;
const KEY_TAIL = Buffer.from('f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae', 'hex');
const PLAYER_KEY = Buffer.from('Genuine Adobe Flash Player 001', 'latin1');
const SERVER_KEY = Buffer.from('Genuine Adobe Flash Media Server 001', 'latin1');
/** What we say we are: digests are expected of servers since 3.0. */
const SERVER_VERSION = Buffer.of(3, 0, 1, 1);

/** Where four bytes say how far behind them the digest lies: both forms are in use. */
const DIGEST_POINTERS = [8, 772] as const;
const DIGEST_RANGE = 728;

export type HandshakeState = 'running' | 'done' | 'refused';

export interface HandshakeOptions {
  readonly write: (bytes: Uint8Array) => void;
  /** As many random bytes as it is asked for. */
  readonly randomBytes: (byteLength: number) => Buffer;
}

export class ServerHandshake {
  readonly #options: HandshakeOptions;
  readonly #received = Buffer.alloc(1 + 2 * PACKET_BYTES);
  #length = 0;
  #state: HandshakeState = 'running';

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  get state(): HandshakeState {
    return this.#state;
  }

  /** Takes what belongs to the handshake of `bytes[0, length)`; yields where that ends. */
  push(bytes: Buffer, length: number): number {
    const before = this.#length;
    const taken = bytes.copy(this.#received, before, 0, Math.min(length, this.#received.length - before));
    this.#length += taken;
    if ((this.#received[0] ?? 0) >= FIRST_TEXT_VERSION) {
      this.#state = 'refused';
      return taken;
    }
    const helloBytes = 1 + PACKET_BYTES;
    if (before < helloBytes && this.#length >= helloBytes) this.#answer();
    // What the client echoes is of no interest.
    if (this.#length === this.#received.length) this.#state = 'done';
    return taken;
  }

  #answer(): void {
    const hello = this.#received.subarray(1, 1 + PACKET_BYTES);
    const { write, randomBytes } = this.#options;
    const pointer = DIGEST_POINTERS.find((candidate) => isDigestValid(hello, candidate));
    const answer = randomBytes(PACKET_BYTES);
    answer.fill(0, 0, 8);
    if (pointer === undefined) {
      write(Buffer.concat([Buffer.of(VERSION), answer, hello]));
      return;
    }
    SERVER_VERSION.copy(answer, 4);
    const at = digestOffset(answer, pointer);
    digestAround(answer, at, SERVER_KEY).copy(answer, at);
    const peerAt = digestOffset(hello, pointer);
    const echo = randomBytes(PACKET_BYTES);
    const echoKey = hmac(
      Buffer.concat([SERVER_KEY, KEY_TAIL]),
      hello.subarray(peerAt, peerAt + DIGEST_BYTES),
    );
    hmac(echoKey, echo.subarray(0, -DIGEST_BYTES)).copy(echo, PACKET_BYTES - DIGEST_BYTES);
    write(Buffer.concat([Buffer.of(VERSION), answer, echo]));
  }
}

function isDigestValid(hello: Buffer, pointer: number): boolean {
  const at = digestOffset(hello, pointer);
  return digestAround(hello, at, PLAYER_KEY).equals(hello.subarray(at, at + DIGEST_BYTES));
}

/** The four bytes are added up, not put together. */
function digestOffset(packet: Buffer, pointer: number): number {
  let sum = 0;
  for (let byte = 0; byte < 4; byte += 1) sum += packet[pointer + byte] ?? 0;
  return pointer + 4 + (sum % DIGEST_RANGE);
}

/** Of everything but the digest itself. */
function digestAround(packet: Buffer, at: number, key: Buffer): Buffer {
  return createHmac('sha256', key)
    .update(packet.subarray(0, at))
    .update(packet.subarray(at + DIGEST_BYTES))
    .digest();
}

function hmac(key: Buffer, bytes: Buffer): Buffer {
  return createHmac('sha256', key).update(bytes).digest();
}
