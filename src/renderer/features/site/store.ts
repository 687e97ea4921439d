import { create } from 'zustand';
import { contract } from '../../../shared/contract/index.ts';
import type { ColorScheme, Failure, Site } from '../../../shared/contract/index.ts';
import type { Answer, Desk, Unfollow } from '../../api/index.ts';

export interface SiteState {
  readonly site?: Site;
  readonly failure?: Failure;
}

export const useSite = create<SiteState>(() => ({}));

export function followSite(desk: Desk): Unfollow {
  return desk.follow(contract.site.watch, {
    onEvent: (site) => {
      useSite.setState({ site }, true);
    },
    onFailure: (failure) => {
      useSite.setState({ failure });
    },
  });
}

/** Shows the choice at once; one that the desk could not keep lasts until the desk's next word. */
export async function chooseColorScheme(desk: Desk, colorScheme: ColorScheme): Promise<void> {
  useSite.setState((state) => (state.site === undefined ? state : { site: { ...state.site, colorScheme } }));
  await desk.ask(contract.site.setColorScheme, { colorScheme });
}

export async function renameSite(desk: Desk, name: string): Promise<Answer<undefined>> {
  return desk.ask(contract.site.rename, { name });
}
