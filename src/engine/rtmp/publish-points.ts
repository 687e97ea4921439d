import { FlvMediaReader } from '../media/flv/index.ts';
import type { FlvAudioFrame, FlvMediaEvents, FlvSound, FlvVideoUnit } from '../media/flv/index.ts';
import type { SlabPool } from '../media/slab-pool.ts';
import type { Interruption } from '../media/sample.ts';
import { SourceFailure } from '../media/source-failure.ts';
import { digestOf, isSecret } from './secrets.ts';
import type { SecretDigest } from './secrets.ts';
import type { PushClaim } from './stream-address.ts';

/** A camera's connection, as far as its stream knows it. */
export interface PublisherConnection {
  /** In all. */
  readonly receivedBytes: number;
  /** Ends it; `reason` is a sentence for the log, `kind` what the stream that it feeds is told. */
  close(reason: string, kind?: Interruption['kind']): void;
  /** Leaves what comes in the network for a moment: its taker may be about to come, and the first picture is dear. */
  hold(): void;
  release(): void;
}

/** What is known of who pushes. */
export interface PushedMedia {
  readonly receivedBytes: number;
  readonly sound: FlvSound;
  /** Whether the camera has said that sound will come. */
  readonly announcesAudio: boolean;
  /** Cuts the camera off, which then begins anew. */
  close(reason: string, kind?: Interruption['kind']): void;
}

/** Takes what cameras push to one name, while it is attached. */
export interface PushTaker extends Omit<FlvMediaEvents, 'onVideoUnsupported'> {
  /** From now on what comes is of this connection; one that was there before is gone. */
  onPublisher(media: PushedMedia): void;
  onPublisherGone(failure: SourceFailure): void;
}

export interface PublishPointConfig {
  readonly name: string;
  /** Without a key nobody may push. */
  readonly key: string | undefined;
}

interface PublishPointsOptions {
  readonly slabPool: SlabPool;
  readonly maxAccessUnitBytes: number;
}

/** The names under which cameras may push, and who pushes and takes there. */
export class PublishPoints {
  readonly #options: PublishPointsOptions;
  readonly #points = new Map<string, PublishPoint>();
  #takeovers = 0;

  constructor(options: PublishPointsOptions) {
    this.#options = options;
  }

  /** How often a camera that came again replaced its former connection. */
  get takeovers(): number {
    return this.#takeovers;
  }

  get publishers(): number {
    return [...this.#points.values()].filter((point) => point.isPublished).length;
  }

  /** Those whose name or key is not there any more are disconnected. */
  configure(configured: readonly PublishPointConfig[]): void {
    const wanted = new Map(configured.map(({ name, key }) => [name, key]));
    for (const point of this.#points.values()) point.setKey(wanted.get(point.name));
    for (const { name, key } of configured) this.#pointOf(name).setKey(key);
    this.#tidy();
  }

  /** Passes what is pushed to `name` on to `taker` until disposed; a taker that was there before gets no more. */
  attach(name: string, taker: PushTaker): Disposable {
    const point = this.#pointOf(name);
    point.attach(taker);
    return {
      [Symbol.dispose]: () => {
        point.detach(taker);
        this.#tidy();
      },
    };
  }

  has(name: string): boolean {
    return this.#points.get(name)?.isOpen === true;
  }

  /** Where a camera with this key may push; undefined when the name or the key is wrong, which takes the same time. */
  find({ name, key }: PushClaim): PublishPoint | undefined {
    const point = this.#points.get(name);
    return isSecret(key, point?.keyDigest) ? point : undefined;
  }

  #pointOf(name: string): PublishPoint {
    const known = this.#points.get(name);
    if (known !== undefined) return known;
    const point = new PublishPoint(name, this.#options, () => {
      this.#takeovers += 1;
    });
    this.#points.set(name, point);
    return point;
  }

  #tidy(): void {
    for (const point of this.#points.values()) if (!point.isInUse) this.#points.delete(point.name);
  }
}

/** One name. Whoever comes with the key is the camera: a connection that was there before is a dead one, and is closed. */
export class PublishPoint {
  readonly name: string;
  readonly #options: PublishPointsOptions;
  readonly #onTakeover: () => void;
  #keyDigest: SecretDigest | undefined;
  #publisher: Publisher | undefined;
  #taker: PushTaker | undefined;

  constructor(name: string, options: PublishPointsOptions, onTakeover: () => void) {
    this.name = name;
    this.#options = options;
    this.#onTakeover = onTakeover;
  }

  get keyDigest(): SecretDigest | undefined {
    return this.#keyDigest;
  }

  get isOpen(): boolean {
    return this.#keyDigest !== undefined;
  }

  get isPublished(): boolean {
    return this.#publisher !== undefined;
  }

  get isInUse(): boolean {
    return this.isOpen || this.#taker !== undefined;
  }

  setKey(key: string | undefined): void {
    const digest = key === undefined ? undefined : digestOf(key);
    const isSame = digest === undefined ? !this.isOpen : this.#keyDigest?.equals(digest) === true;
    if (isSame) return;
    this.#keyDigest = digest;
    this.#publisher?.close('The stream or its key was changed.');
  }

  /** The camera is here; a former connection of it is closed. */
  enter(connection: PublisherConnection): Publisher {
    const former = this.#publisher;
    const publisher: Publisher = new Publisher(connection, {
      ...this.#options,
      taker: () => (this.#publisher === publisher ? this.#taker : undefined),
      onLeft: (failure) => this.#leave(publisher, failure),
    });
    this.#publisher = publisher;
    publisher.isWanted = this.#taker !== undefined;
    if (former !== undefined) {
      this.#onTakeover();
      former.close('The camera has opened another connection.');
    }
    if (this.#taker === undefined) connection.hold();
    else this.#taker.onPublisher(publisher);
    return publisher;
  }

  attach(taker: PushTaker): void {
    this.#taker = taker;
    if (this.#publisher === undefined) return;
    this.#publisher.isWanted = true;
    taker.onPublisher(this.#publisher);
    this.#publisher.release();
  }

  detach(taker: PushTaker): void {
    if (this.#taker !== taker) return;
    this.#taker = undefined;
    if (this.#publisher !== undefined) this.#publisher.isWanted = false;
  }

  #leave(publisher: Publisher, failure: SourceFailure): void {
    if (this.#publisher !== publisher) return;
    this.#publisher = undefined;
    this.#taker?.onPublisherGone(failure);
  }
}

interface PublisherOptions extends PublishPointsOptions {
  readonly taker: () => PushTaker | undefined;
  readonly onLeft: (failure: SourceFailure) => void;
}

/** One connection that pushes. */
export class Publisher implements PushedMedia {
  readonly #connection: PublisherConnection;
  readonly #options: PublisherOptions;
  readonly #reader: FlvMediaReader;
  #announcesAudio = false;

  constructor(connection: PublisherConnection, options: PublisherOptions) {
    this.#connection = connection;
    this.#options = options;
    const { slabPool, maxAccessUnitBytes, taker } = options;
    this.#reader = new FlvMediaReader({
      slabPool,
      maxAccessUnitBytes,
      events: {
        onVideo: (unit: FlvVideoUnit) => taker()?.onVideo(unit),
        onAudio: (frame: FlvAudioFrame) => taker()?.onAudio(frame),
        onSound: (sound) => taker()?.onSound(sound),
        onVideoDamage: (count) => taker()?.onVideoDamage(count),
        onAudioDamage: (count) => taker()?.onAudioDamage(count),
        onVideoUnsupported: (detail) => {
          this.leave(new SourceFailure('unsupported', detail));
          connection.close(detail);
        },
      },
    });
  }

  get receivedBytes(): number {
    return this.#connection.receivedBytes;
  }

  get sound(): FlvSound {
    return this.#reader.sound;
  }

  get announcesAudio(): boolean {
    return this.#announcesAudio;
  }

  get video(): FlvMediaReader['video'] {
    return this.#reader.video;
  }

  get audio(): FlvMediaReader['audio'] {
    return this.#reader.audio;
  }

  /** False while nobody takes what it sends, which is passed over then. */
  set isWanted(isWanted: boolean) {
    this.#reader.isWanted = isWanted;
    if (!isWanted) this.#reader.release();
  }

  announce({ hasAudio }: { readonly hasAudio: boolean }): void {
    this.#announcesAudio = hasAudio;
  }

  close(reason: string, kind?: Interruption['kind']): void {
    this.#connection.close(reason, kind);
  }

  release(): void {
    this.#connection.release();
  }

  /** The connection is gone, or is about to be. */
  leave(failure: SourceFailure): void {
    this.#reader.release();
    this.#options.onLeft(failure);
  }
}
