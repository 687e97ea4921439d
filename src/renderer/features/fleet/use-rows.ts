import { useMemo, useState } from 'react';
import type { Camera } from '../../../shared/contract/index.ts';
import { useInventory } from '../inventory/index.ts';
import { cameraRows, nodeLoads } from './overview.ts';
import type { CameraRow, NodeLoad } from './overview.ts';
import { useFleet } from './store.ts';

/** Every camera with its state, computed once for each change. */
export function useCameraRows(): readonly CameraRow[] {
  const cameras = useInventory((state) => state.cameras);
  const nodes = useInventory((state) => state.nodes);
  const cameraHealth = useFleet((state) => state.cameras);
  const [made] = useState(() => new WeakMap<Camera, CameraRow>());
  return useMemo(
    () => cameraRows({ cameras, nodes, cameraHealth }, made),
    [cameras, nodes, cameraHealth, made],
  );
}

export function useNodeLoads(rows: readonly CameraRow[]): ReadonlyMap<string, NodeLoad> {
  return useMemo(() => nodeLoads(rows), [rows]);
}
