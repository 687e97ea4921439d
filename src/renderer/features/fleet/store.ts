import { create } from 'zustand';
import { contract } from '../../../shared/contract/index.ts';
import type { CameraHealth, Failure, NodeHealth } from '../../../shared/contract/index.ts';
import type { Desk, Unfollow } from '../../api/index.ts';

/** How nodes and cameras do right now. */
export interface FleetState {
  readonly loaded: boolean;
  readonly failure?: Failure;
  /** When the desk last said anything, by its own clock. */
  readonly atUtcMs: number;
  readonly nodes: ReadonlyMap<string, NodeHealth>;
  readonly cameras: ReadonlyMap<string, CameraHealth>;
}

export const emptyFleet: FleetState = { loaded: false, atUtcMs: 0, nodes: new Map(), cameras: new Map() };

export const useFleet = create<FleetState>(() => emptyFleet);

export interface FleetChange {
  readonly atUtcMs: number;
  readonly nodes: readonly NodeHealth[];
  readonly cameras: readonly CameraHealth[];
}

/** A retry is no news: until it succeeds, the reason of the failure before it stands. */
function withReasonKept(now: CameraHealth, before: CameraHealth | undefined): CameraHealth {
  if (now.state.kind !== 'reported' || before?.state.kind !== 'reported' || now.nodeId !== before.nodeId) {
    return now;
  }
  const { main } = now.state;
  const { state } = before.state.main;
  if (main.state.kind !== 'connecting' || state.kind !== 'waiting') return now;
  return { ...now, state: { ...now.state, main: { ...main, state } } };
}

/** The fleet after `change`, which names only what is new. */
export function applyFleetChange(state: FleetState, change: FleetChange): FleetState {
  const nodes = new Map(state.nodes);
  for (const node of change.nodes) nodes.set(node.nodeId, node);
  const cameras = new Map(state.cameras);
  for (const camera of change.cameras) {
    cameras.set(camera.cameraId, withReasonKept(camera, state.cameras.get(camera.cameraId)));
  }
  return { loaded: true, atUtcMs: change.atUtcMs, nodes, cameras };
}

export function followFleet(desk: Desk): Unfollow {
  return desk.follow(contract.fleet.watch, {
    onEvent: (change) => {
      useFleet.setState((state) => applyFleetChange(state, change), true);
    },
    onFailure: (failure) => {
      useFleet.setState({ failure });
    },
  });
}
