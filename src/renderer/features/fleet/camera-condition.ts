import type { Camera, CameraHealth } from '../../../shared/contract/index.ts';
import type { StreamState, StreamStatus } from '../../../shared/engine-api/status.ts';
import type { Tone } from '../../ui/index.ts';

type WaitingReason = Extract<StreamState, { kind: 'waiting' }>['reason'];

/** A camera's state as a person needs it: one of these, with the reason in it. */
export type CameraCondition =
  | { readonly kind: 'recording' }
  /** Recording, but no frame came for `ageMs`. */
  | { readonly kind: 'frozen'; readonly ageMs: number }
  | { readonly kind: 'connecting' }
  /** No stream. `ageMs`: of its newest frame, where there was one; retries do not begin it anew. */
  | {
      readonly kind: 'waiting';
      readonly reason: WaitingReason;
      readonly sinceUtcMs: number;
      readonly ageMs?: number;
    }
  /** Had a stream until `ageMs` ago, and why it ended is not known yet. */
  | { readonly kind: 'lost'; readonly ageMs: number }
  /** Its footage finds no volume; `detail`: the engine's sentence. */
  | { readonly kind: 'disk-full' | 'disk-error'; readonly sinceUtcMs: number; readonly detail: string }
  | { readonly kind: 'off' }
  | { readonly kind: 'not-assigned' }
  | { readonly kind: 'node-not-deployed' }
  | { readonly kind: 'node-down' }
  | { readonly kind: 'pending' };

/** A stream whose newest frame is older than this stands still: GOPs of up to 2 s and a slow network are below it. */
export const frozenAfterMs = 5000;

export function cameraCondition(camera: Camera, health: CameraHealth | undefined): CameraCondition {
  if (camera.nodeId === undefined) return { kind: 'not-assigned' };
  // The desk's health follows an assignment a moment later.
  if (health === undefined || health.nodeId !== camera.nodeId) return { kind: 'pending' };
  switch (health.state.kind) {
    case 'not-assigned':
      return { kind: 'pending' };
    case 'unknown':
      return { kind: health.state.reason };
    case 'reported':
      break;
  }
  const { recording, main } = health.state;
  switch (recording.kind) {
    case 'off':
      return { kind: 'off' };
    case 'halted':
      return { kind: recording.reason, sinceUtcMs: recording.sinceUtcMs, detail: recording.detail };
    case 'recording':
      // The segment stays open for a moment after the stream was lost.
      if (main.state.kind === 'waiting') return waiting(main.state, main.lastFrameAgeMs);
      return main.lastFrameAgeMs !== undefined && main.lastFrameAgeMs > frozenAfterMs
        ? { kind: 'frozen', ageMs: main.lastFrameAgeMs }
        : { kind: 'recording' };
    case 'waiting-for-stream':
      if (main.state.kind === 'waiting') return waiting(main.state, main.lastFrameAgeMs);
      if (main.state.kind === 'connecting' && main.state.outage !== undefined) {
        return waiting(main.state.outage, main.lastFrameAgeMs);
      }
      return main.lastFrameAgeMs !== undefined && main.lastFrameAgeMs > frozenAfterMs
        ? { kind: 'lost', ageMs: main.lastFrameAgeMs }
        : { kind: 'connecting' };
  }
}

function waiting(
  failed: {
    readonly reason: WaitingReason;
    readonly sinceUtcMs: number;
    readonly outageSinceUtcMs?: number | undefined;
  },
  ageMs: number | undefined,
): CameraCondition {
  const { reason, outageSinceUtcMs: sinceUtcMs = failed.sinceUtcMs } = failed;
  return { kind: 'waiting', reason, sinceUtcMs, ...(ageMs === undefined ? {} : { ageMs }) };
}

/** Whether it shows another key than the one that its node holds to. */
export function hasChangedKey(condition: CameraCondition): boolean {
  return condition.kind === 'waiting' && condition.reason === 'changed-identity';
}

/** How long it has been so, where that is known. */
export function conditionAgeMs(condition: CameraCondition, nowUtcMs: number): number | undefined {
  switch (condition.kind) {
    case 'frozen':
    case 'lost':
      return condition.ageMs;
    case 'waiting':
      return condition.ageMs ?? nowUtcMs - condition.sinceUtcMs;
    case 'disk-full':
    case 'disk-error':
      return nowUtcMs - condition.sinceUtcMs;
    case 'recording':
    case 'connecting':
    case 'off':
    case 'not-assigned':
    case 'node-not-deployed':
    case 'node-down':
    case 'pending':
      return undefined;
  }
}

export function conditionTone(condition: CameraCondition): Tone {
  switch (condition.kind) {
    case 'recording':
      return 'recording';
    case 'connecting':
    case 'pending':
      return 'busy';
    case 'off':
    case 'not-assigned':
      return 'idle';
    case 'frozen':
    case 'node-not-deployed':
      return 'warning';
    case 'waiting':
    case 'lost':
    case 'disk-full':
    case 'disk-error':
    case 'node-down':
      return 'bad';
  }
}

/** Groups of conditions that a person filters by. */
export const conditionGroups = ['recording', 'attention', 'not-assigned'] as const;
export type ConditionGroup = (typeof conditionGroups)[number];

export function conditionGroup(condition: CameraCondition): ConditionGroup {
  switch (condition.kind) {
    case 'recording':
      return 'recording';
    case 'not-assigned':
      return 'not-assigned';
    case 'frozen':
    case 'connecting':
    case 'lost':
    case 'waiting':
    case 'disk-full':
    case 'disk-error':
    case 'off':
    case 'node-not-deployed':
    case 'node-down':
    case 'pending':
      return 'attention';
  }
}

/** The main stream's figures, when a node reports them. */
export function mainStream(health: CameraHealth | undefined): StreamStatus | undefined {
  return health?.state.kind === 'reported' ? health.state.main : undefined;
}
