import { z } from 'zod';
import { CameraId } from '../engine-api/camera.ts';
import { IndexState } from '../engine-api/index-state.ts';
import { RecordingState, StreamStatus } from '../engine-api/status.ts';
import { VolumeStatus } from '../engine-api/volumes.ts';
import { Failure } from './failure.ts';
import { NodeId } from './inventory.ts';
import { Nothing, mutation, subscription } from './procedure.ts';

/** Whether the assignments stored here have reached the node. */
export const ConfigState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('in-step') }),
  z.object({ kind: z.literal('pending') }),
  z.object({ kind: z.literal('failed'), failure: Failure }),
]);
export type ConfigState = z.infer<typeof ConfigState>;

export const NodeHealth = z.object({
  nodeId: NodeId,
  state: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('not-deployed') }),
    z.object({ kind: z.literal('connecting') }),
    z.object({
      kind: z.literal('up'),
      version: z.string(),
      startedUtcMs: z.number(),
      cpuCores: z.number(),
      residentBytes: z.number(),
      volumes: z.array(VolumeStatus),
      /** Absent where the engine does not tell it. */
      index: IndexState.optional(),
      config: ConfigState,
      /** Node's clock minus the desk's, ms. */
      clockOffsetMs: z.number(),
    }),
    z.object({ kind: z.literal('down'), failure: Failure, sinceUtcMs: z.number() }),
  ]),
  cameraCount: z.int().nonnegative(),
});
export type NodeHealth = z.infer<typeof NodeHealth>;

export const CameraHealth = z.object({
  cameraId: CameraId,
  nodeId: NodeId.optional(),
  state: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('not-assigned') }),
    /** Assigned, but its node has not reported on it (yet). */
    z.object({ kind: z.literal('unknown'), reason: z.enum(['node-not-deployed', 'node-down', 'pending']) }),
    z.object({
      kind: z.literal('reported'),
      recording: RecordingState,
      main: StreamStatus,
      sub: StreamStatus.optional(),
    }),
  ]),
});
export type CameraHealth = z.infer<typeof CameraHealth>;

export const fleetContract = {
  /** First everything, then what changed, about once a second. Removed ones are known from `inventory`. */
  watch: subscription(
    Nothing,
    z.object({ atUtcMs: z.number(), nodes: z.array(NodeHealth), cameras: z.array(CameraHealth) }),
  ),
  /**
   * Lets the nodes of these cameras, and of others at the same addresses, trust the keys that they show next: they were
   * replaced or reset. Nothing is recorded of them for a moment. Fails with `not-found`, `not-assigned`,
   * `engine-unavailable`, `vault-locked`, or `conflict` when the node was being told something else just then.
   */
  trustNewKeys: mutation(z.object({ cameraIds: z.array(CameraId).min(1).max(1000) }), Nothing),
} as const;
