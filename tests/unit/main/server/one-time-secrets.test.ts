import { describe, expect, it } from 'vitest';
import { SessionRequest } from '../../../../src/shared/contract/index.ts';
import { OneTimeSecrets, SessionTokens } from '../../../../src/main/server/one-time-secrets.ts';
import { ManualClock } from '../manual-clock.ts';

function makeSecrets(maximum = 3): { clock: ManualClock; secrets: OneTimeSecrets<string> } {
  const clock = new ManualClock();
  return { clock, secrets: new OneTimeSecrets<string>({ clock, lifetimeMs: 60_000, maximum }) };
}

describe('a one-time secret', () => {
  it('is 256 random bits in the form that a page may send', () => {
    const { secrets } = makeSecrets();
    const [one, other] = [secrets.issue('a'), secrets.issue('b')];
    expect(SessionRequest.safeParse({ code: one }).success).toBe(true);
    expect(Buffer.from(one, 'base64url').length).toBe(32);
    expect(one).not.toBe(other);
  });

  it('stands for its value once', () => {
    const { secrets } = makeSecrets();
    const secret = secrets.issue('gate');
    expect([secrets.redeem(secret), secrets.redeem(secret)]).toEqual(['gate', undefined]);
  });

  it('lives until just before its time is up', () => {
    const { clock, secrets } = makeSecrets();
    const early = secrets.issue('early');
    clock.advance(59_999);
    expect(secrets.redeem(early)).toBe('early');
    const late = secrets.issue('late');
    clock.advance(60_000);
    expect(secrets.redeem(late)).toBeUndefined();
  });

  it('is forgotten, oldest first, when too many are open', () => {
    const { secrets } = makeSecrets(2);
    const issued = ['a', 'b', 'c'].map((value) => secrets.issue(value));
    expect(issued.map((secret) => secrets.redeem(secret))).toEqual([undefined, 'b', 'c']);
  });

  it('is not another one', () => {
    const { secrets } = makeSecrets();
    secrets.issue('gate');
    expect(secrets.redeem('')).toBeUndefined();
    expect(secrets.redeem('A'.repeat(43))).toBeUndefined();
  });
});

describe('a session token', () => {
  it('is good until too many newer ones were used', () => {
    const tokens = new SessionTokens(2);
    const [first, second] = [tokens.issue(), tokens.issue()];
    expect(tokens.verify(first)).toBe(true);
    const third = tokens.issue();
    expect([first, second, third].map((token) => tokens.verify(token))).toEqual([true, false, true]);
  });

  it('is not guessed', () => {
    const tokens = new SessionTokens(2);
    tokens.issue();
    expect(tokens.verify('A'.repeat(43))).toBe(false);
  });
});
