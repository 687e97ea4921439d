/**
 * Plays a clip in real time to any number of viewers. Frame n of a boot is due at origin + n / rate on the monotonic clock,
 * so the pace cannot drift, and one timer serves both streams and all viewers. Without viewers there is no timer at all; the
 * schedule is arithmetic and goes on.
 */

import type { StreamName } from '../clip/clip.ts';
import type { SimClock } from '../clock.ts';
import type { PacketizedUnit } from './packetized.ts';
import { audioUnitsOfFrame, type PacketizedClip } from './packetized-clip.ts';
import { videoClockRateHz } from './sdp.ts';
import type { SendLog } from './send-log.ts';

/** One packetized access unit at its moment. */
export interface MediaTick {
  readonly unit: PacketizedUnit;
  /** In units of the track's RTP clock since the boot. */
  readonly mediaTime: number;
}

export interface VideoTick extends MediaTick {
  /** When the frame was due, in UTC, for sender reports. */
  readonly dueUtcMs: number;
}

export interface BroadcastViewer {
  readonly stream: StreamName;
  onVideo(tick: VideoTick): void;
  onAudio(tick: MediaTick): void;
  onMetadata(tick: MediaTick): void;
}

/** Where a new viewer comes in: always at a keyframe. */
export interface Admission {
  readonly firstVideoTime: number;
  readonly firstAudioTime: number;
  /** Ends the viewing. */
  leave(): void;
}

export interface BroadcastOptions {
  readonly source: PacketizedClip;
  readonly clock: SimClock;
  readonly log: SendLog;
  /** Frame number of the clip that frame 0 shows; a multiple of the group length. */
  readonly firstFrameNumber: number;
}

/** A late timer is caught up frame by frame to this many frames; beyond, the broadcast jumps to the running group of pictures. */
const maximumCatchUpFrames = 30;

export class Broadcast {
  readonly #options: BroadcastOptions;
  readonly #framesPerSecond: number;
  readonly #framesPerGroup: number;
  readonly #viewers = new Map<BroadcastViewer, number>();
  #state: { readonly kind: 'off' } | { readonly kind: 'on'; readonly originMs: number } = { kind: 'off' };
  #boot = -1;
  #nextIndex = 0;
  #paused = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: BroadcastOptions) {
    this.#options = options;
    this.#framesPerSecond = options.source.streams.main.track.framesPerSecond;
    this.#framesPerGroup = options.source.streams.main.track.framesPerGroup;
  }

  /** Begins a new boot at frame 0. */
  start(): void {
    this.stop();
    this.#boot += 1;
    this.#nextIndex = 0;
    this.#state = { kind: 'on', originMs: this.#options.clock.monotonicMs() };
  }

  stop(): void {
    this.#state = { kind: 'off' };
    this.#viewers.clear();
    this.#cancel();
  }

  /** While paused nothing is sent; afterwards every viewer goes on at the next keyframe. */
  setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) {
      this.#cancel();
      return;
    }
    const first = this.#nextKeyframe();
    for (const viewer of this.#viewers.keys()) this.#viewers.set(viewer, first);
    this.#arm();
  }

  /** Lets `viewer` watch from the next keyframe on. Throws when the broadcast is off. */
  admit(viewer: BroadcastViewer): Admission {
    if (this.#state.kind === 'off') throw new Error('The broadcast is off.');
    const first = this.#nextKeyframe();
    this.#viewers.set(viewer, first);
    this.#arm();
    const { audio } = this.#options.source;
    return {
      firstVideoTime: this.#videoTime(first),
      firstAudioTime:
        audio === undefined
          ? 0
          : audioUnitsOfFrame(audio, first, this.#framesPerSecond).first * audio.samplesPerUnit,
      leave: () => {
        this.#viewers.delete(viewer);
        if (this.#viewers.size === 0) this.#cancel();
      },
    };
  }

  #nextKeyframe(): number {
    const next = Math.max(this.#nextIndex, this.#dueIndex() + 1);
    return Math.ceil(next / this.#framesPerGroup) * this.#framesPerGroup;
  }

  /** Newest frame whose time has come; -1 before the first. */
  #dueIndex(): number {
    if (this.#state.kind === 'off') return -1;
    const elapsedMs = this.#options.clock.monotonicMs() - this.#state.originMs;
    return Math.floor((elapsedMs * this.#framesPerSecond) / 1000);
  }

  #arm(): void {
    if (this.#cancelTimer !== undefined || this.#paused || this.#viewers.size === 0) return;
    this.#nextIndex = Math.max(this.#nextIndex, this.#dueIndex() + 1);
    this.#schedule();
  }

  #schedule(): void {
    const { clock } = this.#options;
    const delayMs = Math.max(0, this.#dueMs(this.#nextIndex) - clock.monotonicMs());
    this.#cancelTimer = clock.schedule(Math.ceil(delayMs), () => {
      this.#sendDueFrames();
    });
  }

  #cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #sendDueFrames(): void {
    this.#cancelTimer = undefined;
    const due = this.#dueIndex();
    if (due - this.#nextIndex > maximumCatchUpFrames) {
      this.#nextIndex = due - (due % this.#framesPerGroup);
    }
    while (this.#nextIndex <= due && this.#viewers.size > 0) {
      this.#sendFrame(this.#nextIndex);
      this.#nextIndex += 1;
    }
    if (this.#viewers.size > 0) this.#schedule();
  }

  #sendFrame(index: number): void {
    // A viewer whose connection fails while it is written to leaves the map, so the list is taken first.
    const present = [...this.#viewers].filter(([, first]) => first <= index);
    for (const stream of ['main', 'sub'] as const) {
      const viewers = present.flatMap(([viewer]) => (viewer.stream === stream ? [viewer] : []));
      if (viewers.length > 0) this.#sendVideo(index, stream, viewers);
    }
    const settled = present.flatMap(([viewer, first]) => (first < index ? [viewer] : []));
    this.#sendAudio(index, settled);
    this.#sendMetadata(index, settled);
  }

  #sendVideo(index: number, stream: StreamName, viewers: readonly BroadcastViewer[]): void {
    const { source, clock, log, firstFrameNumber } = this.#options;
    const { units, track } = source.streams[stream];
    const frameNumber = (index + firstFrameNumber) % units.length;
    const unit = units[frameNumber];
    if (unit === undefined) return;
    const monotonicMs = clock.monotonicMs();
    const utcMs = clock.utcMs();
    log.add({
      stream,
      boot: this.#boot,
      index,
      frameNumber,
      keyframe: track.accessUnits[frameNumber]?.keyframe === true,
      monotonicMs,
      utcMs,
      viewerCount: viewers.length,
    });
    const tick = {
      unit,
      mediaTime: this.#videoTime(index + (track.accessUnits[frameNumber]?.presentationShift ?? 0)),
      dueUtcMs: utcMs - (monotonicMs - this.#dueMs(index)),
    };
    for (const viewer of viewers) viewer.onVideo(tick);
  }

  #sendAudio(index: number, viewers: readonly BroadcastViewer[]): void {
    const { audio } = this.#options.source;
    if (audio === undefined || viewers.length === 0) return;
    const { first, end } = audioUnitsOfFrame(audio, index, this.#framesPerSecond);
    for (let position = first; position < end; position += 1) {
      const unit = audio.units[position % audio.units.length];
      if (unit === undefined) return;
      const tick = { unit, mediaTime: position * audio.samplesPerUnit };
      for (const viewer of viewers) viewer.onAudio(tick);
    }
  }

  /** A document with the second picture of each group. */
  #sendMetadata(index: number, viewers: readonly BroadcastViewer[]): void {
    const { metadata } = this.#options.source;
    if (index % this.#framesPerGroup !== 1) return;
    const unit = metadata[Math.floor(index / this.#framesPerGroup) % metadata.length];
    if (unit === undefined) return;
    const tick = { unit, mediaTime: this.#videoTime(index) };
    for (const viewer of viewers) viewer.onMetadata(tick);
  }

  #dueMs(index: number): number {
    const originMs = this.#state.kind === 'on' ? this.#state.originMs : 0;
    return originMs + (index * 1000) / this.#framesPerSecond;
  }

  #videoTime(index: number): number {
    return (index * videoClockRateHz) / this.#framesPerSecond;
  }
}
