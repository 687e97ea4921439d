import { SessionGrant, deskPaths, sessionCodeFragment } from '../../shared/contract/index.ts';
import type { Failure } from '../../shared/contract/index.ts';
import type { Answer } from './answer.ts';

const storageKey = 'belvedere.session';

const expired: Failure = {
  code: 'unauthorized',
  message: 'This link has expired or was used already.',
  remedy: 'Start Belvedere again to get a new one.',
};
const noLink: Failure = {
  code: 'unauthorized',
  message: 'This page was opened without a link from Belvedere.',
  remedy: 'Start Belvedere again; it opens this page for you.',
};
const unreachable: Failure = {
  code: 'unreachable',
  message: 'The desk of Belvedere does not answer.',
  remedy: 'Start Belvedere again.',
};

/** What the session needs of the browser. */
export interface SessionBrowser {
  readonly location: Pick<Location, 'hash' | 'pathname' | 'search'>;
  readonly history: Pick<History, 'replaceState'>;
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>;
}

/** Takes the single-use code out of the address, so that it is in no history, bookmark or copied link. */
function takeCode(browser: SessionBrowser): string | undefined {
  const code = new URLSearchParams(browser.location.hash.replace(/^#/, '')).get(sessionCodeFragment);
  if (code === null) return undefined;
  browser.history.replaceState(null, '', `${browser.location.pathname}${browser.location.search}`);
  return code;
}

/**
 * The token of this window: exchanged for the code in the address, or kept from before a reload. Fails with
 * `unauthorized` or `unreachable`.
 */
export async function openSession(browser: SessionBrowser): Promise<Answer<string>> {
  const code = takeCode(browser);
  if (code === undefined) {
    const kept = SessionGrant.safeParse({ token: browser.storage.getItem(storageKey) });
    return kept.success ? { kind: 'ok', value: kept.data.token } : { kind: 'failed', failure: noLink };
  }
  try {
    const response = await browser.fetch(deskPaths.session, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
    });
    const grant = SessionGrant.safeParse(response.ok ? await response.json() : undefined);
    if (!grant.success) return { kind: 'failed', failure: expired };
    browser.storage.setItem(storageKey, grant.data.token);
    return { kind: 'ok', value: grant.data.token };
  } catch {
    return { kind: 'failed', failure: unreachable };
  }
}

/** Forgets a token that the desk no longer takes. */
export function closeSession(storage: Pick<Storage, 'removeItem'>): void {
  storage.removeItem(storageKey);
}
