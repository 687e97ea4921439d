import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  Authenticator,
  parseChallenges,
  strongestChallenge,
} from '../../../../src/engine/rtsp/authentication.ts';
import type { Challenge } from '../../../../src/engine/rtsp/authentication.ts';

function only(field: string): Challenge {
  const [challenge] = parseChallenges([field]);
  if (challenge === undefined) throw new Error(`No challenge in: ${field}`);
  return challenge;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

describe('parseChallenges', () => {
  it('reads several fields, and several challenges in one', () => {
    const challenges = parseChallenges([
      'Digest realm="IP Camera(12345)", nonce="abc", stale="FALSE", Basic realm="camera"',
      'digest realm=plain,nonce=def,algorithm="SHA-256",qop="auth,auth-int",opaque="o"',
      'NTLM',
    ]);
    expect(challenges).toEqual([
      {
        scheme: 'digest',
        realm: 'IP Camera(12345)',
        nonce: 'abc',
        opaque: undefined,
        algorithm: { hash: 'md5', isSession: false },
        algorithmName: undefined,
        qop: undefined,
        isStale: false,
      },
      { scheme: 'basic', realm: 'camera' },
      {
        scheme: 'digest',
        realm: 'plain',
        nonce: 'def',
        opaque: 'o',
        algorithm: { hash: 'sha256', isSession: false },
        algorithmName: 'SHA-256',
        qop: 'auth',
        isStale: false,
      },
    ]);
    expect(strongestChallenge(challenges)).toBe(challenges[2]);
    expect(strongestChallenge(challenges.slice(0, 2))).toBe(challenges[0]);
    expect(strongestChallenge([])).toBeUndefined();
  });

  it('leaves out what cannot be answered', () => {
    expect(
      parseChallenges([
        'Digest realm="no nonce"',
        'Digest nonce="a", algorithm=SHA-512-256',
        'Digest nonce="a", qop="auth-int"',
        '',
        '=,=;"',
      ]),
    ).toEqual([]);
  });
});

describe('Authenticator', () => {
  const mufasa = { username: 'Mufasa', password: 'Circle of Life' };
  const rfc7616 =
    'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
  const clientNonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';

  it.each([
    { algorithm: 'MD5', response: '8ca523f5e9506fed4657c9700eebdbec' },
    {
      algorithm: 'SHA-256',
      response: '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    },
  ])('answers as in RFC 7616 §3.9.1 with $algorithm', ({ algorithm, response }) => {
    const challenge = only(`Digest ${rfc7616}, algorithm=${algorithm}`);
    const authenticator = new Authenticator({ credentials: mufasa, challenge, clientNonce });
    expect(authenticator.authorization('GET', '/dir/index.html')).toBe(
      `Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", uri="/dir/index.html", response="${response}", algorithm=${algorithm}, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", qop=auth, nc=00000001, cnonce="${clientNonce}"`,
    );
    expect(authenticator.authorization('GET', '/dir/index.html')).toContain('nc=00000002');
  });

  it('answers without qop as RFC 2069 does', () => {
    const credentials = { username: 'ad"min', password: 'p%40ss:ö' };
    const challenge = only('Digest realm="r", nonce="n"');
    const response = md5(`${md5('ad"min:r:p%40ss:ö')}:n:${md5('DESCRIBE:rtsp://h/')}`);
    expect(new Authenticator({ credentials, challenge }).authorization('DESCRIBE', 'rtsp://h/')).toBe(
      String.raw`Digest username="ad\"min", realm="r", nonce="n", uri="rtsp://h/", response="${response}"`,
    );
  });

  it('hashes the nonces into the secret for -sess', () => {
    const credentials = { username: 'u', password: 'p' };
    const challenge = only('Digest realm="r", nonce="n", algorithm=MD5-sess');
    const response = md5(`${md5(`${md5('u:r:p')}:n:c`)}:n:${md5('PLAY:x')}`);
    expect(new Authenticator({ credentials, challenge, clientNonce: 'c' }).authorization('PLAY', 'x')).toBe(
      `Digest username="u", realm="r", nonce="n", uri="x", response="${response}", algorithm=MD5-sess, cnonce="c"`,
    );
  });

  it('answers Basic', () => {
    const authenticator = new Authenticator({ credentials: mufasa, challenge: only('Basic realm="x"') });
    expect(authenticator.authorization('PLAY', 'x')).toBe('Basic TXVmYXNhOkNpcmNsZSBvZiBMaWZl');
  });

  it('answers again for a stale nonce, or for a new one after it was accepted, but not for a wrong password', () => {
    const challenge = only('Digest realm="r", nonce="one"');
    const authenticator = new Authenticator({ credentials: mufasa, challenge });
    authenticator.authorization('PLAY', 'x');
    expect(authenticator.isRenewedBy(only('Digest realm="r", nonce="two"'))).toBe(false);
    expect(authenticator.isRenewedBy(only('Digest realm="r", nonce="two", stale=true'))).toBe(true);
    authenticator.markAccepted();
    expect(authenticator.isRenewedBy(only('Digest realm="r", nonce="one"'))).toBe(false);
    expect(authenticator.isRenewedBy(only('Digest realm="r", nonce="two"'))).toBe(true);
  });
});
