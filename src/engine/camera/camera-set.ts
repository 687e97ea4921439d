import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { liveCloseCodes } from '../../shared/engine-api/index.ts';
import type { CameraId, EngineCameraStatus, StreamName } from '../../shared/engine-api/index.ts';
import { GopBudget, LiveCounters } from '../live/index.ts';
import type { Admission, LiveTotals, ViewerSink, WantedSound } from '../live/index.ts';
import type { SlabPool } from '../media/slab-pool.ts';
import type { PublishPoints } from '../rtmp/index.ts';
import type { KnownKeys } from '../rtsp/index.ts';
import type { GapKeeper, StoppedBy } from '../recording/index.ts';
import type { SegmentStore } from '../storage/index.ts';
import { SoundConversions } from '../transcode/index.ts';
import type { ConversionTotals } from '../transcode/index.ts';
import { Camera } from './camera.ts';
import type { StreamResources } from './camera-stream.ts';
import { cameraTasks, rtspPlaces } from './camera-task.ts';
import type { CameraTask, ConfiguredCameras } from './camera-task.ts';
import { cameraSetChange } from './config-change.ts';
import type { StreamDirectory } from './stream-directory.ts';

/** All cameras of an engine. */
export interface CameraSet extends StreamDirectory {
  /** Adds, changes and ends cameras so that these remain; a camera that stays as it is notices nothing. */
  apply(config: ConfiguredCameras): void;
  openLive(target: LiveTarget, sink: ViewerSink): Admission;
  status(): readonly EngineCameraStatus[];
  liveStatus(): LiveStatus;
  /** Resolves when the last bytes are on disk. */
  stop(): Promise<void>;
}

/** What a viewer wants to see and hear. */
export interface LiveTarget {
  readonly cameraId: CameraId;
  readonly stream: StreamName;
  readonly sound: WantedSound;
}

export interface LiveStatus extends LiveTotals, ConversionTotals {
  /** What the groups of pictures kept for newcomers take, and may take, together. */
  readonly gopCacheBytes: number;
  readonly gopCacheLimitBytes: number;
}

const noConversions: ConversionTotals = { soundConversions: 0, soundConversionsRefused: 0, soundsDropped: 0 };

interface CameraSetOptions {
  readonly store: SegmentStore;
  readonly gaps: GapKeeper;
  readonly slabPool: SlabPool;
  /** The keys of cameras over TLS; those of cameras that are gone are forgotten. */
  readonly knownKeys: KnownKeys & { retain(places: ReadonlySet<string>): void };
  /** Where cameras push. */
  readonly publishPoints: PublishPoints;
  /** For the groups of pictures in hand of all streams, which newcomers start with. */
  readonly gopCacheBytes: number;
  /** The system's, where there is one. */
  readonly ffmpeg: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export function createCameraSet(options: CameraSetOptions): CameraSet {
  const { store, gaps, slabPool, knownKeys, publishPoints, ffmpeg, clock, log } = options;
  const gopBudget = new GopBudget(options.gopCacheBytes);
  const liveCounters = new LiveCounters();
  const conversions = ffmpeg === undefined ? undefined : new SoundConversions({ program: ffmpeg });
  const resources: StreamResources = {
    slabPool,
    knownKeys,
    publishPoints,
    gopBudget,
    liveCounters,
    conversions,
    clock,
  };
  const running = new Map<CameraId, Camera>();
  const ending = new Set<Promise<void>>();
  let current: readonly CameraTask[] = [];

  const end = (cameraId: CameraId, by: StoppedBy): void => {
    const camera = running.get(cameraId);
    if (camera === undefined) return;
    running.delete(cameraId);
    const noted = camera.stop(by).finally(() => {
      ending.delete(noted);
      if (!running.has(cameraId)) gaps.forget(cameraId);
    });
    ending.add(noted);
  };

  return {
    apply(config) {
      const tasks = cameraTasks(config);
      const change = cameraSetChange(current, tasks);
      current = tasks;
      knownKeys.retain(rtspPlaces(tasks));
      for (const cameraId of change.removed) end(cameraId, 'configuration');
      for (const task of change.changed) running.get(task.id)?.reconfigure(task);
      for (const task of change.added)
        running.set(task.id, new Camera({ task, store, gaps: gaps.of(task.id), resources, log }));
      log.info(
        {
          cameras: tasks.length,
          added: change.added.length,
          changed: change.changed.length,
          removed: change.removed.length,
        },
        'The configuration is in force.',
      );
    },
    openLive({ cameraId, stream, sound }, sink) {
      const admission = running.get(cameraId)?.addViewer({ stream, sound }, sink);
      return (
        admission ?? {
          kind: 'refused',
          code: liveCloseCodes.cameraUnknown,
          reason: `This engine has no ${stream} stream of ${cameraId}.`,
        }
      );
    },
    find: (cameraId, stream) => running.get(cameraId)?.find(stream),
    liveStatus: () => ({
      ...liveCounters.totals,
      ...(conversions?.totals ?? noConversions),
      gopCacheBytes: gopBudget.usedBytes,
      gopCacheLimitBytes: gopBudget.maximumBytes,
    }),
    status: () => [...running.values()].map((camera) => camera.status()),
    async stop() {
      for (const cameraId of running.keys()) end(cameraId, 'shutdown');
      await Promise.all(ending);
    },
  };
}
