import { expect, test } from 'vitest';
import { closeSession, openSession } from '../../../../src/renderer/api/session.ts';
import type { SessionBrowser } from '../../../../src/renderer/api/session.ts';

const code = 'c'.repeat(43);
const token = 't'.repeat(43);

class FakeBrowser implements SessionBrowser {
  readonly location;
  readonly addresses: string[] = [];
  readonly requests: { readonly path: string; readonly body: unknown }[] = [];
  readonly kept = new Map<string, string>();
  readonly #answer: () => Response;

  constructor(hash: string, answer: () => Response) {
    this.location = { hash, pathname: '/', search: '' };
    this.#answer = answer;
  }
  readonly history = {
    replaceState: (_: unknown, __: string, url?: string | URL | null) => {
      this.addresses.push(String(url));
    },
  };
  readonly storage = {
    getItem: (key: string) => this.kept.get(key) ?? null,
    setItem: (key: string, value: string) => void this.kept.set(key, value),
    removeItem: (key: string) => void this.kept.delete(key),
  };
  readonly fetch = async (path: string, init: RequestInit): Promise<Response> => {
    this.requests.push({ path, body: init.body });
    return this.#answer();
  };
}

test('exchanges the code once, takes it out of the address and keeps the token', async () => {
  const browser = new FakeBrowser(`#code=${code}`, () => Response.json({ token }));
  expect(await openSession(browser)).toEqual({ kind: 'ok', value: token });
  expect(browser.requests).toEqual([{ path: '/session', body: JSON.stringify({ code }) }]);
  expect(browser.addresses).toEqual(['/']);
  browser.location.hash = '#/live';
  expect(await openSession(browser)).toEqual({ kind: 'ok', value: token });
  expect(browser.requests).toHaveLength(1);
  closeSession(browser.storage);
  expect(await openSession(browser)).toMatchObject({ kind: 'failed', failure: { code: 'unauthorized' } });
});

test.each([
  ['a used code', () => Response.json({ code: 'unauthorized' }, { status: 401 }), 'unauthorized'],
  ['an answer that is no token', () => Response.json({ token: 'short' }), 'unauthorized'],
  [
    'no desk',
    () => {
      throw new TypeError('fetch failed');
    },
    'unreachable',
  ],
] as const)('%s is told, and the code is out of the address all the same', async (_, answer, expected) => {
  const browser = new FakeBrowser(`#code=${code}`, answer);
  expect(await openSession(browser)).toMatchObject({ kind: 'failed', failure: { code: expected } });
  expect([browser.addresses, browser.kept.size]).toEqual([['/'], 0]);
});
