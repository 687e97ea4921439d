import { z } from 'zod';
import { CameraId } from './camera.ts';
import { IndexState } from './index-state.ts';
import { SlaveId } from './master.ts';
import { ServeStatus } from './serve.ts';
import { VolumeStatus } from './volumes.ts';

/** `GET /health`: minimal, because anyone on the network may ask. */
export const Health = z.object({
  status: z.enum(['ok', 'failing']),
  /**
   * What is the matter, for a sentence; the status has more. `volumes`: none takes footage. `index`: footage is recorded, and
   * can be neither found nor deleted. Absent when nothing is.
   */
  obstacle: z.enum(['volumes', 'index']).optional(),
});
export type Health = z.infer<typeof Health>;

/** Why a stream is interrupted; same words as the engine's `Interruption`. */
export const InterruptionReason = z.enum([
  /** The network: no way there, or no answer at all. */
  'unreachable',
  /** Something is at the address, but it takes no connection. */
  'refused',
  'refused-credentials',
  'changed-identity',
  /** It takes connections and then says nothing. */
  'silent',
  'protocol',
  'unsupported',
  'closed-by-camera',
  'stopped',
]);
export type InterruptionReason = z.infer<typeof InterruptionReason>;

/** How the connection to one stream of a camera stands. */
export const StreamState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('idle') }),
  z.object({
    kind: z.literal('connecting'),
    sinceUtcMs: z.number(),
    /** Since the last picture, or the first attempt; absent while nothing has failed. `reason`: of the last failure. */
    outage: z.object({ sinceUtcMs: z.number(), reason: InterruptionReason, detail: z.string() }).optional(),
  }),
  z.object({ kind: z.literal('streaming'), sinceUtcMs: z.number() }),
  z.object({
    kind: z.literal('waiting'),
    reason: InterruptionReason,
    detail: z.string(),
    /** Of the last failure. */
    sinceUtcMs: z.number(),
    /** Since the last picture, or the first attempt; engines of before do not say. */
    outageSinceUtcMs: z.number().optional(),
    retryAtUtcMs: z.number(),
  }),
]);
export type StreamState = z.infer<typeof StreamState>;

/** What live viewers hear. */
export const LiveSound = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({ kind: z.literal('direct') }),
  /** The node converts it for those who ask: `?sound=aac`. */
  z.object({ kind: z.literal('on-request') }),
  /** `detail`: a sentence for people, with the remedy. */
  z.object({ kind: z.literal('unavailable'), detail: z.string() }),
]);
export type LiveSound = z.infer<typeof LiveSound>;

export const StreamStatus = z.object({
  state: StreamState,
  /** Over the last few seconds; 0 when nothing comes. */
  bitrateBps: z.number().nonnegative(),
  framesPerSecond: z.number().nonnegative(),
  /** Age of the newest frame when the answer was made, ms; absent before the first. */
  lastFrameAgeMs: z.number().nonnegative().optional(),
  width: z.int().positive().optional(),
  height: z.int().positive().optional(),
  /** RFC 6381, such as `avc1.640028`. */
  videoCodec: z.string().optional(),
  audioCodec: z.string().optional(),
  /** Known while the stream runs. */
  liveSound: LiveSound.optional(),
  viewers: z.int().nonnegative(),
  framesReceived: z.int().nonnegative(),
  /** Frames or packets known to be missing or unusable. */
  framesLost: z.int().nonnegative(),
  reconnects: z.int().nonnegative(),
});
export type StreamStatus = z.infer<typeof StreamStatus>;

export const RecordingState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('off') }),
  z.object({ kind: z.literal('waiting-for-stream') }),
  /** `segmentId`: of the file in hand, once the index knows it. */
  z.object({
    kind: z.literal('recording'),
    sinceUtcMs: z.number(),
    segmentId: z.int().positive().optional(),
  }),
  z.object({
    kind: z.literal('halted'),
    reason: z.enum(['disk-full', 'disk-error']),
    detail: z.string(),
    sinceUtcMs: z.number(),
  }),
]);
export type RecordingState = z.infer<typeof RecordingState>;

export const EngineCameraStatus = z.object({
  id: CameraId,
  recording: RecordingState,
  bytesRecorded: z.int().nonnegative(),
  main: StreamStatus,
  sub: StreamStatus.optional(),
});
export type EngineCameraStatus = z.infer<typeof EngineCameraStatus>;

/** `enginePaths.cameras`. */
export const EngineCameraList = z.object({ cameras: z.array(EngineCameraStatus) });
export type EngineCameraList = z.infer<typeof EngineCameraList>;

/** How a slave is, by what the streams show that are asked of it. */
export const SlaveState = z.discriminatedUnion('kind', [
  /** Nobody wants anything of it. */
  z.object({ kind: z.literal('idle') }),
  z.object({ kind: z.literal('serving') }),
  /** Streams are wanted, and none comes. */
  z.object({
    kind: z.literal('failing'),
    reason: InterruptionReason,
    detail: z.string(),
    sinceUtcMs: z.number(),
  }),
]);
export type SlaveState = z.infer<typeof SlaveState>;

export const MasterStatus = z.object({
  slaves: z.array(
    z.object({
      id: SlaveId,
      state: SlaveState,
      /** That come from it now. */
      streams: z.int().nonnegative(),
    }),
  ),
});
export type MasterStatus = z.infer<typeof MasterStatus>;

/** `GET /api/v1/status`. */
export const EngineStatus = z.object({
  nodeId: z.uuid(),
  version: z.string(),
  nowUtcMs: z.number(),
  startedUtcMs: z.number(),
  configVersion: z.int().nonnegative(),
  /** CPU of the engine's process, 1 = one core busy, over the last few seconds. */
  cpuCores: z.number().nonnegative(),
  residentBytes: z.int().nonnegative(),
  volumes: z.array(VolumeStatus),
  /** Absent from engines of before. */
  index: IndexState.optional(),
  cameras: z.array(EngineCameraStatus),
  /** Absent from engines that serve nobody else. */
  serve: ServeStatus.optional(),
  /** Absent unless the engine is a master. */
  master: MasterStatus.optional(),
});
export type EngineStatus = z.infer<typeof EngineStatus>;
