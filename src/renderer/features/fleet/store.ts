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

/** The fleet after `change`, which names only what is new. */
export function applyFleetChange(state: FleetState, change: FleetChange): FleetState {
  const nodes = new Map(state.nodes);
  for (const node of change.nodes) nodes.set(node.nodeId, node);
  const cameras = new Map(state.cameras);
  for (const camera of change.cameras) cameras.set(camera.cameraId, camera);
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
