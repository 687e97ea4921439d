import { describe, expect, it } from 'vitest';
import { answerChallenge, strongestChallenge } from '../../../../../src/main/platform/onvif/digest.ts';

// RFC 7616 §3.9.1.
const nonce = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
const opaque = 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS';
const clientNonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
const credentials = { username: 'Mufasa', password: 'Circle of Life' };
const challengeOf = (algorithm: string): string =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="${nonce}", opaque="${opaque}"`;

function answerTo(headers: readonly string[]): string | undefined {
  const challenge = strongestChallenge(headers);
  return (
    challenge &&
    answerChallenge(challenge, credentials, { method: 'GET', uri: '/dir/index.html', clientNonce })
  );
}

describe('digest authentication', () => {
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('answers as RFC 7616 does with %s', (algorithm, response) => {
    expect(answerTo([challengeOf(algorithm)])).toBe(
      `Digest username="Mufasa", realm="http-auth@example.org", nonce="${nonce}", uri="/dir/index.html", ` +
        `algorithm=${algorithm}, opaque="${opaque}", qop=auth, nc=00000001, cnonce="${clientNonce}", response="${response}"`,
    );
  });

  it('answers an old challenge without qop and algorithm, RFC 2069', () => {
    // The example of RFC 2069 §2.4 with the response of its erratum 749.
    const challenge = strongestChallenge([
      'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    ]);
    expect(
      challenge &&
        answerChallenge(
          challenge,
          { username: 'Mufasa', password: 'CircleOfLife' },
          { method: 'GET', uri: '/dir/index.html' },
        ),
    ).toContain('response="1949323746fe6a43ef61f9606e7febea"');
  });

  it('prefers SHA-256, in one header or in several, among challenges of other schemes', () => {
    const both = [challengeOf('MD5'), challengeOf('SHA-256')];
    expect(strongestChallenge(both)?.algorithm).toBe('SHA-256');
    expect(strongestChallenge([`Basic realm="a, b", ${both.join(', ')}`])?.algorithm).toBe('SHA-256');
  });

  it.each([
    ['Basic, which would send the password', ['Basic realm="x"']],
    ['an algorithm that it does not know', [challengeOf('SHA-512-256')]],
    ['integrity alone', ['Digest realm="x", nonce="n", qop="auth-int"']],
    ['no nonce', ['Digest realm="x"']],
    ['nothing', []],
  ])('does not answer to %s', (_what, headers) => {
    expect(strongestChallenge(headers)).toBeUndefined();
  });

  it('lets no user name break out of its header', () => {
    const header = answerChallenge(
      { realm: 'a"b', nonce: 'n', algorithm: 'MD5', hasQop: false },
      { username: 'x", uri="/evil\r\nX: y', password: 'p' },
      { method: 'GET', uri: '/' },
    );
    expect(header).toMatch(
      /^Digest username="x\\", uri=\\"\/evilX: y", realm="a\\"b", nonce="n", uri="\/", /,
    );
  });
});
