import { create } from 'zustand';
import { contract } from '../../../shared/contract/index.ts';
import type { Failure, WallLayout } from '../../../shared/contract/index.ts';
import type { Desk } from '../../api/index.ts';
import type { OpenLive } from '../../player/index.ts';
import { emptyLayout } from './layout.ts';

/** What the desk keeps of the wall. */
export interface WallState {
  readonly loaded: boolean;
  readonly layout: WallLayout;
  readonly failure?: Failure;
}

export const useWall = create<WallState>(() => ({ loaded: false, layout: emptyLayout }));

/** How the person looks at it now. */
export interface WallView {
  readonly page: number;
  readonly showStatistics: boolean;
  readonly showPicker: boolean;
}

export const useWallView = create<WallView>(() => ({ page: 0, showStatistics: false, showPicker: false }));

export function showPage(page: number): void {
  useWallView.setState({ page });
}

export function toggleStatistics(): void {
  useWallView.setState(({ showStatistics }) => ({ showStatistics: !showStatistics }));
}

export function setPicker(showPicker: boolean): void {
  useWallView.setState({ showPicker });
}

export async function loadLayout(desk: Desk): Promise<void> {
  const answer = await desk.ask(contract.wall.layout);
  if (answer.kind === 'ok') useWall.setState({ loaded: true, layout: answer.value }, true);
  else useWall.setState({ loaded: true, failure: answer.failure });
}

/** Shows the new layout at once and keeps it on the desk; a failure is told and the layout stays on the screen. */
export async function changeLayout(desk: Desk, layout: WallLayout): Promise<void> {
  useWall.setState({ loaded: true, layout }, true);
  const answer = await desk.ask(contract.wall.setLayout, layout);
  if (answer.kind === 'failed') useWall.setState({ failure: answer.failure });
}

export function liveOpener(desk: Desk): OpenLive {
  return async (choice) => desk.ask(contract.wall.openLive, choice);
}
