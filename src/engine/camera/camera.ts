import type { Log } from '../../shared/domain/log.ts';
import type { EngineCameraStatus, StreamName } from '../../shared/engine-api/index.ts';
import type { Admission, JoinableStream, ViewerSink, WantedSound } from '../live/index.ts';
import { createRecorder } from '../recording/index.ts';
import type { GapTracker, Recorder, StoppedBy } from '../recording/index.ts';
import type { SegmentStore } from '../storage/index.ts';
import { CameraStream } from './camera-stream.ts';
import type { StreamResources } from './camera-stream.ts';
import type { CameraTask } from './camera-task.ts';
import { isSameSource } from './stream-source.ts';
import type { StreamSource } from './stream-source.ts';

interface CameraOptions {
  readonly task: CameraTask;
  readonly store: SegmentStore;
  readonly gaps: GapTracker;
  readonly resources: StreamResources;
  readonly log: Log;
}

/** A camera as the engine runs it: main stream, second stream where there is one, and the recorder of the main stream. */
export class Camera {
  readonly #store: SegmentStore;
  readonly #gaps: GapTracker;
  readonly #resources: StreamResources;
  readonly #log: Log;
  #task: CameraTask;
  #main: CameraStream;
  #sub: CameraStream | undefined;
  #recording: { readonly recorder: Recorder; readonly hold: Disposable } | undefined;
  /** By recorders that have ended. */
  #formerBytes = 0;
  /** What is still on its way out, so that stopping waits for it. */
  readonly #endings = new Set<Promise<void>>();

  constructor({ task, store, gaps, resources, log }: CameraOptions) {
    this.#task = task;
    this.#store = store;
    this.#gaps = gaps;
    this.#resources = resources;
    this.#log = log.child({ camera: task.id });
    this.#main = this.#openStream('main', task.main);
    this.#sub = this.#openSub(task);
    if (task.record) this.#startRecording();
  }

  /** Replaces only what is different: a new sub stream does not interrupt the recording. */
  reconfigure(task: CameraTask): void {
    const former = this.#task;
    this.#task = task;
    if (!isSameSource(former.sub, task.sub) && this.#sub?.follow(task.sub) !== true) {
      if (this.#sub !== undefined) this.#end(this.#sub.stop());
      this.#sub = this.#openSub(task);
    }
    const isMainReplaced = !isSameSource(former.main, task.main) && !this.#main.follow(task.main);
    if (isMainReplaced || !task.record) this.#stopRecording('configuration');
    if (isMainReplaced) {
      this.#end(this.#main.stop());
      this.#main = this.#openStream('main', task.main);
    }
    if (task.record) this.#startRecording();
  }

  /** `undefined` when the camera has no such stream. */
  addViewer(
    { stream, sound }: { readonly stream: StreamName; readonly sound: WantedSound },
    sink: ViewerSink,
  ): Admission | undefined {
    return this.#stream(stream)?.addViewer(sink, sound);
  }

  /** `undefined` when the camera has no such stream. */
  find(stream: StreamName): JoinableStream | undefined {
    return this.#stream(stream);
  }

  status(): EngineCameraStatus {
    const recorder = this.#recording?.recorder.status();
    return {
      id: this.#task.id,
      recording: recorder?.state ?? { kind: 'off' },
      bytesRecorded: this.#formerBytes + (recorder?.bytesRecorded ?? 0),
      main: this.#main.status(),
      ...(this.#sub === undefined ? {} : { sub: this.#sub.status() }),
    };
  }

  /** Ends viewers, recording and connections; resolves when the last bytes are on disk. `by`: who wants it. */
  async stop(by: StoppedBy): Promise<void> {
    this.#stopRecording(by);
    this.#end(this.#main.stop());
    if (this.#sub !== undefined) this.#end(this.#sub.stop());
    await Promise.all(this.#endings);
  }

  #stream(name: StreamName): CameraStream | undefined {
    return name === 'main' ? this.#main : this.#sub;
  }

  #openStream(stream: StreamName, source: StreamSource): CameraStream {
    return new CameraStream({
      source,
      resources: this.#resources,
      log: this.#log.child({ stream }),
    });
  }

  #openSub({ sub }: CameraTask): CameraStream | undefined {
    return sub === undefined ? undefined : this.#openStream('sub', sub);
  }

  #startRecording(): void {
    if (this.#recording !== undefined) return;
    const recorder = createRecorder({
      cameraId: this.#task.id,
      store: this.#store,
      gaps: this.#gaps,
      clock: this.#resources.clock,
      log: this.#log,
    });
    this.#recording = { recorder, hold: this.#main.hold(recorder) };
  }

  #stopRecording(by: StoppedBy): void {
    const recording = this.#recording;
    if (recording === undefined) return;
    this.#recording = undefined;
    recording.hold[Symbol.dispose]();
    this.#end(this.#finish(recording.recorder, by));
  }

  async #finish(recorder: Recorder, by: StoppedBy): Promise<void> {
    await recorder.stop(by);
    this.#formerBytes += recorder.status().bytesRecorded;
  }

  #end(ending: Promise<void>): void {
    const noted = ending
      .catch((error: unknown) => this.#log.error({ error }, 'Something of the camera did not end properly.'))
      .finally(() => this.#endings.delete(noted));
    this.#endings.add(noted);
  }
}
