import { describe, expect, it } from 'vitest';

import { answerMediaRequest } from '../../../../src/sim/onvif/media-service.ts';
import { scopesOf, type OnvifFacts } from '../../../../src/sim/onvif/facts.ts';
import { formatFault, parseSoapRequest, type UsernameToken } from '../../../../src/sim/onvif/soap.ts';
import { passwordDigest, UsernameTokenGuard } from '../../../../src/sim/onvif/username-token.ts';
import { escapeXml, XmlError } from '../../../../src/sim/onvif/xml.ts';
import { ManualClock } from '../manual-clock.ts';
import { tinyClip } from '../tiny-clip.ts';

const nonce = 'LKqI6G/AikKCQrN0zqZFlg==';
const created = '2010-09-16T07:50:45Z';
const passwordType =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest';

function envelope(body: string, header = ''): string {
  return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">${header}<s:Body>${body}</s:Body></s:Envelope>`;
}

function securityHeader(type: string): string {
  return `<s:Header><wsse:Security xmlns:wsse="w"><wsse:UsernameToken><wsse:Username>a&amp;b</wsse:Username><wsse:Password Type="${type}">cGFzcw==</wsse:Password><wsse:Nonce EncodingType="x#Base64Binary">${nonce}</wsse:Nonce><u:Created xmlns:u="u">${created}</u:Created></wsse:UsernameToken></wsse:Security></s:Header>`;
}

describe('parseSoapRequest', () => {
  it('reads the operation and its content whatever the prefixes', () => {
    const body =
      '<trt:GetStreamUri xmlns:trt="t"><trt:ProfileToken>profile_main</trt:ProfileToken></trt:GetStreamUri>';
    expect(parseSoapRequest(envelope(body))).toEqual({
      operation: 'GetStreamUri',
      content: expect.objectContaining({ ProfileToken: 'profile_main' }),
      token: undefined,
    });
  });

  it('reads a digest token and marks any other as unusable', () => {
    expect(parseSoapRequest(envelope('<GetProfiles/>', securityHeader(passwordType))).token).toEqual({
      Username: 'a&b',
      Password: { '#text': 'cGFzcw==', '@Type': passwordType },
      Nonce: nonce,
      Created: created,
    });
    expect(parseSoapRequest(envelope('<GetProfiles/>', securityHeader('x#PasswordText'))).token).toBe(
      'unusable',
    );
  });

  it.each([
    ['nonsense', 'hello'],
    ['unclosed elements', '<a><b></a>'],
    ['another document', '<html><body/></html>'],
    ['an empty body', envelope('')],
    ['two operations', envelope('<GetProfiles/><GetScopes/>')],
    ['a document type', `<!DOCTYPE x [<!ENTITY a "b">]>${envelope('<GetProfiles/>')}`],
    ['deep nesting', envelope('<a>'.repeat(60) + '</a>'.repeat(60))],
    ['a huge document', envelope(`<a>${'x'.repeat(65 * 1024)}</a>`)],
  ])('refuses %s', (_, text) => {
    expect(() => parseSoapRequest(text)).toThrow(XmlError);
  });
});

function setUp() {
  const clock = new ManualClock();
  const guard = new UsernameTokenGuard({ username: 'admin', password: 'secret' }, clock);
  const token = (
    change: Partial<{ nonce: string; offsetMs: number; password: string; username: string }> = {},
  ): UsernameToken => {
    const time = new Date(clock.utcMs() + (change.offsetMs ?? 0)).toISOString();
    const text = passwordDigest(change.nonce ?? nonce, time, change.password ?? 'secret');
    return {
      Username: change.username ?? 'admin',
      Password: { '#text': text, '@Type': passwordType },
      Nonce: change.nonce ?? nonce,
      Created: time,
    };
  };
  return { guard, token };
}

describe('UsernameTokenGuard', () => {
  it("computes the digest of ONVIF's Application Programmer's Guide §6.1.1.3", () => {
    expect(passwordDigest(nonce, created, 'userpassword')).toBe('tuOSpGlFlIXsozq4HFNeeGeFLEI=');
  });

  it('accepts a right token once', () => {
    const { guard, token } = setUp();
    expect([guard.accepts(token()), guard.accepts(token())]).toEqual([true, false]);
  });

  it('refuses wrong passwords, other users and tokens from another time', () => {
    const { guard, token } = setUp();
    const changes = [
      { password: 'Secret' },
      { username: 'root' },
      { offsetMs: -301_000 },
      { offsetMs: 301_000 },
    ];
    expect(changes.map((change) => guard.accepts(token(change)))).toEqual([false, false, false, false]);
    expect(guard.accepts({ ...token(), Created: 'yesterday' })).toBe(false);
    expect(guard.accepts(token({ offsetMs: -299_000 }))).toBe(true);
  });

  it('remembers a bounded number of nonces', () => {
    const { guard, token } = setUp();
    const nonces = Array.from({ length: 1100 }, (_, index) =>
      Buffer.from(`nonce ${index}`).toString('base64'),
    );
    expect(nonces.every((each) => guard.accepts(token({ nonce: each })))).toBe(true);
    const again = [nonces[0], nonces.at(-1)].map((each) => guard.accepts(token({ nonce: each ?? '' })));
    expect(again).toEqual([true, false]);
  });
});

const facts: OnvifFacts = {
  name: 'Dock & yard',
  location: 'yard',
  manufacturer: 'Norvik',
  model: 'NV-1',
  firmwareVersion: '1.0',
  serialNumber: 'S1',
  hardwareId: 'NV-1 R2',
  clip: tinyClip().clip,
  deviceUrl: 'http://127.0.0.1:80/onvif/device_service',
  mediaUrl: 'http://127.0.0.1:80/onvif/media_service',
  snapshotUrl: 'http://127.0.0.1:80/onvif/snapshot.jpg',
  mainUrl: 'rtsp://127.0.0.1/main',
  subUrl: 'rtsp://127.0.0.1/sub',
};

const uriOf = (token: string): unknown => answerMediaRequest('GetStreamUri', { ProfileToken: token }, facts);

describe('answers', () => {
  it('gives each profile its stream', () => {
    expect(uriOf('profile_main')).toContain('<tt:Uri>rtsp://127.0.0.1/main</tt:Uri>');
    expect(uriOf('profile_sub')).toContain('<tt:Uri>rtsp://127.0.0.1/sub</tt:Uri>');
    expect(uriOf('profile_x')).toEqual({
      code: 'Sender',
      subcode: 'InvalidArgVal',
      reason: 'The requested profile does not exist.',
    });
  });

  it('knows nothing of other operations', () => {
    expect(answerMediaRequest('DeleteProfile', {}, facts)).toBeUndefined();
  });

  it('percent-encodes scopes and escapes text', () => {
    expect(scopesOf(facts)).toContain('onvif://www.onvif.org/name/Dock%20%26%20yard');
    expect(escapeXml(`<a b="c">'&`)).toBe('&lt;a b=&quot;c&quot;&gt;&apos;&amp;');
  });

  it("formats faults with ONVIF's codes", () => {
    expect(formatFault({ code: 'Sender', subcode: 'NotAuthorized', reason: 'No <entry>' })).toContain(
      '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">No &lt;entry&gt;</s:Text></s:Reason></s:Fault>',
    );
  });
});
