/** A camera that pushes its stream over RTMP. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import type { SimClock } from '../clock.ts';
import { amf, parseAnswer, type AmfInput, type Answer } from './amf.ts';
import { chunked, isExtendedTime, MessageReader, messageTypes, type ChunkOptions } from './chunks.ts';
import type { PreparedClip, PreparedUnit } from './prepared-clip.ts';

export interface RtmpPublisherOptions {
  readonly host: string;
  readonly port: number;
  /** The URL's first part, such as `live`. */
  readonly application: string;
  /** The rest, with the key as the server wants it, such as `gate-main?key=...`. */
  readonly streamName: string;
  readonly clip: PreparedClip;
  readonly clock: SimClock;
  /** Milliseconds that the stream's clock shows at the beginning. Default 0. */
  readonly startTimestampMs?: number;
  /** Frame of the clip to begin with, a multiple of the group length. Default 0. */
  readonly firstFrame?: number;
  /** Default true. */
  readonly announcesTracks?: boolean;
}

/** One video frame handed to the socket. */
export interface PushedFrame {
  /** Since the start. */
  readonly index: number;
  /** Of the clip. */
  readonly frameNumber: number;
}

/** What a server said to a push that it does not take, such as `NetStream.Publish.BadName`. */
export class PushRefused extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`The server refused the push: ${code}.`);
    this.code = code;
  }
}

const handshakeBytes = 1536;
const greetingBytes = 1 + 2 * handshakeBytes;
const streamId = 1;
const chunkStreams = { control: 2, command: 3, audio: 4, video: 6 } as const;
/** A late timer is caught up frame by frame to this many frames; beyond, they are left out as a camera would. */
const maximumCatchUpFrames = 30;

/** Pushes a clip over and over in real time, from `start` to `stop`. Used once. */
export class RtmpPublisher {
  readonly #options: RtmpPublisherOptions;
  readonly #chunking: ChunkOptions;
  readonly #reader = new MessageReader();
  readonly #answers: Answer[] = [];
  #wake = Promise.withResolvers<void>();
  #socket: Socket | undefined;
  /** What the server says before the first message. */
  #greeting: Buffer = Buffer.alloc(0);
  #originMs = 0;
  #nextFrame = 0;
  #nextSound = 0;
  #isFrozen = false;
  #cancelTimer: (() => void) | undefined;
  #isEnded = false;
  #onFrame: ((frame: PushedFrame) => void) | undefined;

  constructor(options: RtmpPublisherOptions) {
    this.#options = options;
    this.#chunking = options.clip.chunking;
  }

  /** Whether the server, or we, have closed the connection. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  get framesSent(): number {
    return this.#nextFrame;
  }

  /** Calls `listener` for every frame from now on. */
  onFrame(listener: (frame: PushedFrame) => void): void {
    this.#onFrame = listener;
  }

  /** Resolves when the server takes the stream. Rejects with `PushRefused` or the system's error. */
  async start(): Promise<void> {
    const { host, port, application, streamName, clock } = this.#options;
    const socket = connect({ host, port, noDelay: true });
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.once('close', () => this.#onClosed());
    socket.on('data', (bytes) => this.#receive(bytes));
    await once(socket, 'connect');
    await this.#shakeHands(socket);

    const chunkSize = Buffer.alloc(4);
    chunkSize.writeUInt32BE(this.#chunking.chunkBytes);
    socket.write(
      chunked(
        {
          chunkStreamId: chunkStreams.control,
          type: messageTypes.setChunkSize,
          streamId: 0,
          timestampMs: 0,
          payload: chunkSize,
        },
        { chunkBytes: 128, repeatsExtended: true },
      ),
    );
    this.#command(0, 'connect', 1, { app: application, tcUrl: `rtmp://${host}:${port}/${application}` });
    await this.#answer(({ name }) => name === '_result');
    this.#command(0, 'releaseStream', 2, null, streamName);
    this.#command(0, 'FCPublish', 3, null, streamName);
    this.#command(0, 'createStream', 4, null);
    for (let answers = 0; answers < 3; answers += 1) await this.#answer(({ name }) => name === '_result');
    this.#command(streamId, 'publish', 5, null, streamName, 'live');
    const { code = 'an answer without a code' } = await this.#answer(({ name }) => name === 'onStatus');
    if (code !== 'NetStream.Publish.Start') {
      this.drop();
      throw new PushRefused(code);
    }
    this.#announce();
    this.#originMs = clock.monotonicMs();
    this.#tick();
  }

  /** Ends the stream as a camera does that is told to. */
  async stop(): Promise<void> {
    const socket = this.#socket;
    this.#cancelTimer?.();
    if (socket === undefined || this.#isEnded) return;
    this.#command(0, 'FCUnpublish', 6, null, this.#options.streamName);
    this.#command(0, 'deleteStream', 7, null, streamId);
    const closed = once(socket, 'close');
    socket.end();
    await closed;
  }

  /** Pulls the plug, but that the connection is closed. */
  drop(): void {
    this.#cancelTimer?.();
    this.#socket?.destroy();
  }

  /** Stops in the middle of a picture, and keeps the connection: what a server sees of a camera whose cable is pulled. */
  freeze(): void {
    this.#isFrozen = true;
    this.#cancelTimer?.();
    const { clip } = this.#options;
    const bytes = clip.frames[this.#nextFrame % clip.frames.length]?.template.at(0);
    if (bytes !== undefined) this.#socket?.write(bytes.subarray(0, bytes.length / 2));
  }

  async #shakeHands(socket: Socket): Promise<void> {
    const hello = randomBytes(handshakeBytes);
    hello.fill(0, 0, 8);
    socket.write(Buffer.concat([Buffer.of(3), hello]));
    while (this.#greeting.length < greetingBytes) {
      if (this.#isEnded) failClosed();
      await this.#wake.promise;
    }
    socket.write(this.#greeting.subarray(1, 1 + handshakeBytes));
  }

  #receive(bytes: Buffer): void {
    const missing = greetingBytes - this.#greeting.length;
    if (missing > 0) this.#greeting = Buffer.concat([this.#greeting, bytes.subarray(0, missing)]);
    for (const { type, payload } of this.#reader.push(bytes.subarray(Math.max(0, missing)))) {
      if (type === messageTypes.command) this.#answers.push(parseAnswer(payload));
    }
    this.#announceProgress();
  }

  #onClosed(): void {
    this.#isEnded = true;
    this.#cancelTimer?.();
    this.#announceProgress();
  }

  #announceProgress(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  async #answer(isWanted: (answer: Answer) => boolean): Promise<Answer> {
    for (;;) {
      const { promise } = this.#wake;
      const at = this.#answers.findIndex(isWanted);
      const [answer] = at < 0 ? [] : this.#answers.splice(at, 1);
      if (answer !== undefined) return answer;
      if (this.#isEnded) return failClosed();
      await promise;
    }
  }

  #command(onStream: number, ...values: readonly AmfInput[]): void {
    this.#send(
      { chunkStreamId: chunkStreams.command, type: messageTypes.command, payload: amf(...values) },
      onStream,
    );
  }

  #announce(): void {
    const { clip, announcesTracks = true } = this.#options;
    if (announcesTracks) {
      const sound = clip.sound === undefined ? {} : { audiocodecid: clip.sound.codecId };
      const payload = amf('@setDataFrame', 'onMetaData', { videocodecid: 7, ...sound });
      this.#send({ chunkStreamId: chunkStreams.audio, type: messageTypes.data, payload }, streamId);
    }
    this.#sendUnit(clip.videoHeader, 0);
    if (clip.sound?.header !== undefined) this.#sendUnit(clip.sound.header, 0);
  }

  #send(
    {
      chunkStreamId,
      type,
      payload,
    }: { readonly chunkStreamId: number; readonly type: number; readonly payload: Buffer },
    onStream: number,
  ): void {
    const timestampMs = 0;
    this.#socket?.write(
      chunked({ chunkStreamId, type, streamId: onStream, timestampMs, payload }, this.#chunking),
    );
  }

  #sendUnit(unit: PreparedUnit, sinceStartMs: number): void {
    const timestampMs = ((this.#options.startTimestampMs ?? 0) + Math.round(sinceStartMs)) % 2 ** 32;
    const bytes = isExtendedTime(timestampMs)
      ? chunked({ ...unit.message, timestampMs }, this.#chunking)
      : unit.template.at(timestampMs);
    this.#socket?.write(bytes);
  }

  #tick(): void {
    if (this.#isFrozen || this.#isEnded) return;
    const { clip, clock } = this.#options;
    const frameMs = 1000 / clip.framesPerSecond;
    const dueFrames = Math.floor((clock.monotonicMs() - this.#originMs) / frameMs) + 1;
    const late = dueFrames - this.#nextFrame - maximumCatchUpFrames;
    if (late > 0) this.#nextFrame += Math.ceil(late / clip.framesPerGroup) * clip.framesPerGroup;
    while (this.#nextFrame < dueFrames) {
      this.#sendFrame(this.#nextFrame);
      this.#nextFrame += 1;
    }
    const dueMs = this.#originMs + this.#nextFrame * frameMs;
    this.#cancelTimer = clock.schedule(Math.max(0, dueMs - clock.monotonicMs()), () => this.#tick());
  }

  #sendFrame(index: number): void {
    const { clip, firstFrame = 0 } = this.#options;
    const frameMs = 1000 / clip.framesPerSecond;
    const frameNumber = (index + firstFrame) % clip.frames.length;
    const frame = clip.frames[frameNumber];
    if (frame !== undefined) this.#sendUnit(frame, index * frameMs);
    this.#sendSound((index + 1) * frameMs);
    this.#onFrame?.({ index, frameNumber });
  }

  /** What has been heard up to then. */
  #sendSound(untilMs: number): void {
    const { sound } = this.#options.clip;
    if (sound === undefined) return;
    const unitMs = (1000 * sound.samplesPerUnit) / sound.sampleRateHz;
    for (; this.#nextSound * unitMs < untilMs; this.#nextSound += 1) {
      const unit = sound.units[this.#nextSound % sound.units.length];
      if (unit !== undefined) this.#sendUnit(unit, this.#nextSound * unitMs);
    }
  }
}

function failClosed(): never {
  throw new Error('The server has closed the connection.');
}
