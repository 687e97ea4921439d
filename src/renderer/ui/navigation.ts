import { create } from 'zustand';

export const pageNames = ['site', 'discover', 'cameras', 'nodes', 'live'] as const;
export type PageName = (typeof pageNames)[number];

/** Where the page is: `#/cameras?condition=not-recording`. The query is the page's own. */
export interface Place {
  readonly page: PageName;
  readonly query: Readonly<Record<string, string>>;
}

/** Unknown places lead to the site, so that an old bookmark never shows nothing. */
export function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const page = pageNames.find((name) => name === path) ?? 'site';
  return { page, query: Object.fromEntries(new URLSearchParams(query)) };
}

export function hashOf(page: PageName, query: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `#/${page}${search === '' ? '' : `?${search}`}`;
}

export const usePlace = create<Place>(() => ({ page: 'site', query: {} }));

/** Follows the address; call once. */
export function followAddress(
  target: Pick<Window, 'addEventListener' | 'removeEventListener' | 'location'>,
): () => void {
  const read = (): void => {
    usePlace.setState(placeOf(target.location.hash), true);
  };
  read();
  target.addEventListener('hashchange', read);
  return () => {
    target.removeEventListener('hashchange', read);
  };
}

export function goTo(page: PageName, query: Readonly<Record<string, string>> = {}): void {
  globalThis.location.hash = hashOf(page, query);
}
