import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DigestGuard } from '../../../../src/engine/rtsp-server/digest-guard.ts';
import type { DigestVerdict } from '../../../../src/engine/rtsp-server/digest-guard.ts';

const wall = { username: 'wall', password: 'p:ä"ss' };
const accounts = [{ username: 'other', password: 'x' }, wall];

interface Claim {
  readonly username?: string;
  readonly password?: string;
  readonly method?: string;
  readonly algorithm?: 'MD5' | 'SHA-256';
  readonly quality?: boolean;
}

/** An answer by the letter of RFC 7616 §3.4.1, or of RFC 2069 without `qop`. */
function answer(challenges: readonly string[], claim: Claim = {}): string {
  const { username = 'wall', password = wall.password, method = 'PLAY', algorithm = 'MD5' } = claim;
  const nonce = /nonce="([^"]+)"/.exec(challenges[0] ?? '')?.[1] ?? '';
  const name = algorithm === 'MD5' ? 'md5' : 'sha256';
  const hash = (text: string): string => createHash(name).update(text).digest('hex');
  const secret = hash(`${username}:Belvedere:${password}`);
  const request = hash(`${method}:rtsp://n/gate/main`);
  const middle = claim.quality === true ? `${nonce}:00000001:abc:auth` : nonce;
  const response = hash(`${secret}:${middle}:${request}`);
  const quality = claim.quality === true ? ', qop=auth, nc=00000001, cnonce="abc"' : '';
  return `Digest username="${username}", realm="Belvedere", nonce="${nonce}", uri="rtsp://n/gate/main", response="${response}", algorithm=${algorithm}${quality}`;
}

function check(guard: DigestGuard, authorization?: string, nowMonotonicMs = 0): DigestVerdict {
  return guard.check({ method: 'PLAY', authorization, accounts, nowMonotonicMs });
}

function challengesOf(guard: DigestGuard): readonly string[] {
  const verdict = check(guard);
  if (verdict.kind !== 'asked') throw new Error(`The guard did not ask but said ${verdict.kind}.`);
  return verdict.challenges;
}

describe('a guard with play accounts', () => {
  it('asks with the stronger algorithm first and the one that every player knows last', () => {
    expect(challengesOf(new DigestGuard())).toEqual([
      expect.stringMatching(/^Digest realm="Belvedere", nonce="[\w-]{24}", algorithm=SHA-256$/),
      expect.stringMatching(/^Digest realm="Belvedere", nonce="[\w-]{24}", algorithm=MD5$/),
    ]);
  });

  it.each<Claim>([
    { algorithm: 'MD5' },
    { algorithm: 'SHA-256' },
    { algorithm: 'MD5', quality: true },
    { algorithm: 'SHA-256', quality: true },
  ])('accepts %o', (claim) => {
    const guard = new DigestGuard();
    expect(check(guard, answer(challengesOf(guard), claim))).toEqual({ kind: 'accepted', account: wall });
  });

  it.each<Claim>([
    { password: 'x' },
    { username: 'nobody' },
    { username: 'nobody', password: '' },
    { username: '' },
    { method: 'DESCRIBE' },
  ])('refuses %o', (claim) => {
    const guard = new DigestGuard();
    expect(check(guard, answer(challengesOf(guard), claim)).kind).toBe('wrong');
  });

  it('accepts an answer only on the connection that was asked, and not for ever', () => {
    const [guard, other] = [new DigestGuard(), new DigestGuard()];
    const overheard = answer(challengesOf(guard));
    challengesOf(other);
    const later = check(guard, overheard, 300_001);
    for (const verdict of [check(other, overheard), later]) {
      expect(verdict).toEqual({
        kind: 'asked',
        challenges: [expect.stringContaining('stale=true'), expect.stringContaining('stale=true')],
      });
    }
  });

  it.each([
    ['nothing', undefined],
    ['Basic', 'Basic d2FsbDpw'],
    ['a header without fields', 'Digest '],
    ['a header that never ends', `Digest username="${'x'.repeat(10_000)}"`],
    ['an empty nonce', 'Digest username="wall", realm="Belvedere", nonce="", uri="", response=""'],
  ])('asks when it is shown %s', (_what, header) => {
    expect(check(new DigestGuard(), header).kind).toBe('asked');
  });
});
