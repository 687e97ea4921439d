import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { DigestGuard, parseDigestFields, type DigestAlgorithm } from '../../../../src/sim/auth/digest.ts';
import { ManualClock } from '../manual-clock.ts';

const credentials = { username: 'admin', password: 'pa:ss "w%rd' };

interface Answer {
  readonly password?: string;
  readonly method?: string;
  readonly algorithm?: DigestAlgorithm;
  readonly quality?: boolean;
}

function setUp(algorithms: readonly DigestAlgorithm[] = ['MD5', 'SHA-256'], qualityOfProtection = true) {
  const clock = new ManualClock();
  const guard = new DigestGuard({
    credentials,
    realm: 'NV-1',
    clock,
    algorithms,
    qualityOfProtection,
    nonceLifetimeMs: 1000,
  });
  return { clock, guard };
}

/** Challenges offered to an attempt; empty when it was accepted. */
function challengesFor(guard: DigestGuard, authorization?: string): readonly string[] {
  const verdict = guard.check({ method: 'DESCRIBE', authorization });
  return verdict.kind === 'refused' ? verdict.challenges : [];
}

/** What RFC 7616 §3.4.1 has a client answer to a challenge. */
function answer(challenge: string | undefined, options: Answer = {}): string {
  const {
    password = credentials.password,
    method = 'DESCRIBE',
    algorithm = 'MD5',
    quality = false,
  } = options;
  const nonce = parseDigestFields(challenge)?.get('nonce') ?? '';
  const hash = (text: string): string =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const protection = quality ? ':00000001:abc:auth' : '';
  const response = hash(
    `${hash(`admin:NV-1:${password}`)}:${nonce}${protection}:${hash(`${method}:rtsp://127.0.0.1/main`)}`,
  );
  const suffix = quality ? ', qop=auth, nc=00000001, cnonce="abc"' : '';
  return `Digest username="admin", realm="NV-1", nonce="${nonce}", uri="rtsp://127.0.0.1/main", algorithm=${algorithm}, response="${response}"${suffix}`;
}

const shapes = (guard: DigestGuard): string[] =>
  challengesFor(guard).map((challenge) => challenge.replace(/nonce="[^"]+"/, 'nonce'));

describe('DigestGuard', () => {
  it.each<Answer>([{}, { quality: true }, { algorithm: 'SHA-256' }, { algorithm: 'SHA-256', quality: true }])(
    'accepts the right answer: %o',
    (options) => {
      const { guard } = setUp();
      const [challenge] = challengesFor(guard);
      expect(guard.check({ method: 'DESCRIBE', authorization: answer(challenge, options) })).toEqual({
        kind: 'accepted',
      });
    },
  );

  it.each<Answer>([{ password: 'wrong' }, { method: 'PLAY' }])('refuses a wrong answer: %o', (options) => {
    const { guard } = setUp();
    const [challenge] = challengesFor(guard);
    expect(challengesFor(guard, answer(challenge, options))).toHaveLength(2);
  });

  it('refuses an algorithm it did not offer and a nonce of another camera', () => {
    const { guard } = setUp(['MD5']);
    const [challenge] = challengesFor(guard);
    const [foreign] = challengesFor(setUp().guard);
    expect(challengesFor(guard, answer(challenge, { algorithm: 'SHA-256' }))).toHaveLength(1);
    expect(challengesFor(guard, answer(foreign))).toHaveLength(1);
  });

  it('asks for a new nonce, and says so, when the old one has aged', () => {
    const { clock, guard } = setUp(['MD5']);
    const [challenge] = challengesFor(guard);
    clock.advance(1001);
    const [renewed] = challengesFor(guard, answer(challenge));
    expect(renewed).toMatch(/, stale=true$/);
    expect(challengesFor(guard, answer(renewed))).toEqual([]);
  });

  it('offers what it is told to', () => {
    expect(shapes(setUp(['MD5'], false).guard)).toEqual(['Digest realm="NV-1", nonce, algorithm=MD5']);
    expect(shapes(setUp().guard)).toEqual([
      'Digest realm="NV-1", nonce, algorithm=MD5, qop="auth"',
      'Digest realm="NV-1", nonce, algorithm=SHA-256, qop="auth"',
    ]);
  });

  it.each([undefined, '', 'Basic YWRtaW46eA==', 'Digest', `Digest ${'a'.repeat(5000)}`])(
    'refuses %s',
    (header) => {
      expect(challengesFor(setUp().guard, header)).toHaveLength(2);
    },
  );
});
