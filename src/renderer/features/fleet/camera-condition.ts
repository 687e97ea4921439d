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
  | { readonly kind: 'waiting'; readonly reason: WaitingReason; readonly detail: string }
  | { readonly kind: 'disk-full'; readonly detail: string }
  | { readonly kind: 'disk-error'; readonly detail: string }
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
      return { kind: recording.reason, detail: recording.detail };
    case 'recording':
      return main.lastFrameAgeMs !== undefined && main.lastFrameAgeMs > frozenAfterMs
        ? { kind: 'frozen', ageMs: main.lastFrameAgeMs }
        : { kind: 'recording' };
    case 'waiting-for-stream':
      return main.state.kind === 'waiting'
        ? { kind: 'waiting', reason: main.state.reason, detail: main.state.detail }
        : { kind: 'connecting' };
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
