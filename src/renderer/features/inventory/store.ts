import { create } from 'zustand';
import { contract } from '../../../shared/contract/index.ts';
import type { Camera, Failure, InventoryEvent, SiteNode } from '../../../shared/contract/index.ts';
import type { Desk, Unfollow } from '../../api/index.ts';

/** What the desk says the site consists of. */
export interface InventoryState {
  readonly loaded: boolean;
  readonly failure?: Failure;
  readonly cameras: ReadonlyMap<string, Camera>;
  readonly nodes: ReadonlyMap<string, SiteNode>;
}

export const emptyInventory: InventoryState = { loaded: false, cameras: new Map(), nodes: new Map() };

export const useInventory = create<InventoryState>(() => emptyInventory);

function withChanged<T extends { readonly id: string }>(
  all: ReadonlyMap<string, T>,
  changed: readonly T[],
): ReadonlyMap<string, T> {
  const next = new Map(all);
  for (const item of changed) next.set(item.id, item);
  return next;
}

function without<T>(all: ReadonlyMap<string, T>, ids: readonly string[]): ReadonlyMap<string, T> {
  const next = new Map(all);
  for (const id of ids) next.delete(id);
  return next;
}

/** The site after `event`. */
export function applyInventoryEvent(state: InventoryState, event: InventoryEvent): InventoryState {
  switch (event.kind) {
    case 'snapshot':
      return {
        loaded: true,
        cameras: withChanged(new Map(), event.cameras),
        nodes: withChanged(new Map(), event.nodes),
      };
    case 'cameras':
      return { ...state, cameras: withChanged(state.cameras, event.cameras) };
    case 'cameras-removed':
      return { ...state, cameras: without(state.cameras, event.ids) };
    case 'nodes':
      return { ...state, nodes: withChanged(state.nodes, event.nodes) };
    case 'nodes-removed':
      return { ...state, nodes: without(state.nodes, event.ids) };
  }
}

export function followInventory(desk: Desk): Unfollow {
  return desk.follow(contract.inventory.watch, {
    onEvent: (event) => {
      useInventory.setState((state) => applyInventoryEvent(state, event), true);
    },
    onFailure: (failure) => {
      useInventory.setState({ failure });
    },
  });
}
