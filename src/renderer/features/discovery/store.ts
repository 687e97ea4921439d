import { create } from 'zustand';
import { contract } from '../../../shared/contract/index.ts';
import type {
  DiscoveredCamera,
  DiscoveryScope,
  DiscoveryState,
  Failure,
  NetworkInterface,
} from '../../../shared/contract/index.ts';
import type { Answer, Desk, Unfollow } from '../../api/index.ts';

/** What the desk found so far. */
export interface DiscoveryStoreState {
  readonly found?: DiscoveryState;
  readonly failure?: Failure;
}

export const useDiscovery = create<DiscoveryStoreState>(() => ({}));

/** What the person chose on the page; survives leaving it. */
export interface DiscoveryView {
  readonly tab: 'cameras' | 'nodes';
  readonly selected: ReadonlySet<string>;
}

export const useDiscoveryView = create<DiscoveryView>(() => ({ tab: 'cameras', selected: new Set() }));

export function showTab(tab: DiscoveryView['tab']): void {
  useDiscoveryView.setState({ tab });
}

export function select(selected: ReadonlySet<string>): void {
  useDiscoveryView.setState({ selected });
}

/** Each event is the whole state with thumbnails, so only the page that shows it follows. */
export function followDiscovery(desk: Desk): Unfollow {
  return desk.follow(contract.discovery.watch, {
    onEvent: (found) => {
      useDiscovery.setState({ found }, true);
    },
    onFailure: (failure) => {
      useDiscovery.setState({ failure });
    },
  });
}

export interface ScopeChoice {
  readonly interfaces: readonly NetworkInterface[];
  readonly scope: DiscoveryScope;
}

export async function loadScope(desk: Desk): Promise<Answer<ScopeChoice>> {
  const [interfaces, scope] = await Promise.all([
    desk.ask(contract.discovery.interfaces),
    desk.ask(contract.discovery.scope),
  ]);
  if (interfaces.kind === 'failed') return interfaces;
  if (scope.kind === 'failed') return scope;
  return { kind: 'ok', value: { interfaces: interfaces.value, scope: scope.value } };
}

/** Stores where to look, then looks. */
export async function startScan(desk: Desk, scope: DiscoveryScope): Promise<Answer<undefined>> {
  const stored = await desk.ask(contract.discovery.setScope, scope);
  return stored.kind === 'failed' ? stored : desk.ask(contract.discovery.start);
}

export async function stopScan(desk: Desk): Promise<Answer<undefined>> {
  return desk.ask(contract.discovery.stop);
}

export interface Trial {
  readonly deviceIds: readonly string[];
  readonly username: string;
  readonly password: string;
}

export async function tryCredentials(desk: Desk, trial: Trial): Promise<Answer<undefined>> {
  return desk.ask(contract.discovery.tryCredentials, { ...trial, deviceIds: [...trial.deviceIds] });
}

export async function addCameras(
  desk: Desk,
  deviceIds: readonly string[],
): Promise<Answer<{ readonly cameraIds: readonly string[] }>> {
  return desk.ask(contract.inventory.addCameras, { deviceIds: [...deviceIds] });
}

/** Credentials fitted and the site does not have it yet. */
export function isReadyToAdd(camera: DiscoveredCamera): boolean {
  return camera.access.kind === 'open' && camera.cameraId === undefined;
}
