import { describe, expect, it } from 'vitest';
import {
  isRefusal,
  readSoap,
  soapEnvelope,
  usernameToken,
} from '../../../../../src/main/platform/onvif/soap.ts';
import { XmlError, parseXml } from '../../../../../src/main/platform/onvif/xml.ts';

function fault(content: string): string {
  return `<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"><env:Body><env:Fault>${content}</env:Fault></env:Body></env:Envelope>`;
}

describe('usernameToken', () => {
  it('is Base64 of SHA-1 over nonce, time and password (WSS UsernameToken Profile 1.0 §3.1)', () => {
    const nonce = Buffer.from('LKqI6G/AikKCQrN0zqZFlg==', 'base64');
    const createdUtcMs = Date.UTC(2010, 8, 16, 7, 50, 45);
    const token = usernameToken({ username: 'user<&>', password: 'userpassword' }, createdUtcMs, nonce);
    expect(parseXml(token)).toMatchObject({
      Security: {
        UsernameToken: {
          Username: 'user<&>',
          // printf '%s' NONCE | base64 -d, then the time and the password, | openssl sha1 -binary | base64
          Password: { '#text': 'GWk9UqNXKG2Mstn03A/oF+HQr84=' },
          Nonce: 'LKqI6G/AikKCQrN0zqZFlg==',
          Created: '2010-09-16T07:50:45.000Z',
        },
      },
    });
  });
});

describe('readSoap', () => {
  it('hands over the body of an answer', () => {
    expect(readSoap(soapEnvelope('<tds:X>1</tds:X>'))).toEqual({ kind: 'answer', body: { X: '1' } });
  });

  it.each([
    [
      'ONVIF, nested subcodes',
      '<env:Code><env:Value>env:Sender</env:Value><env:Subcode><env:Value>ter:NotAuthorized</env:Value></env:Subcode></env:Code>' +
        '<env:Reason><env:Text xml:lang="en">Sender not Authorized</env:Text></env:Reason>',
      { kind: 'fault', codes: ['Sender', 'NotAuthorized'], reason: 'Sender not Authorized' },
    ],
    [
      'WS-Security, two languages',
      '<env:Code><env:Value>env:Sender</env:Value><env:Subcode><env:Value>ter:InvalidArgVal</env:Value>' +
        '<env:Subcode><env:Value>wsse:FailedAuthentication</env:Value></env:Subcode></env:Subcode></env:Code>' +
        '<env:Reason><env:Text xml:lang="en">Denied</env:Text><env:Text xml:lang="de">Nein</env:Text></env:Reason>',
      { kind: 'fault', codes: ['Sender', 'InvalidArgVal', 'FailedAuthentication'], reason: 'Denied' },
    ],
    [
      'SOAP 1.1, from an old camera',
      '<faultcode>SOAP-ENV:Client</faultcode><faultstring>Not Authorized</faultstring>',
      { kind: 'fault', codes: ['Client'], reason: 'Not Authorized' },
    ],
  ] as const)('reads a refusal in the manner of %s', (_what, content, expected) => {
    const outcome = readSoap(fault(content));
    expect(outcome).toEqual(expected);
    expect(outcome.kind === 'fault' && isRefusal(outcome)).toBe(true);
  });

  it('tells a refusal from a feature that is missing', () => {
    const outcome = readSoap(
      fault(
        '<env:Code><env:Value>env:Receiver</env:Value><env:Subcode><env:Value>ter:ActionNotSupported</env:Value></env:Subcode></env:Code>',
      ),
    );
    expect(outcome).toEqual({ kind: 'fault', codes: ['Receiver', 'ActionNotSupported'], reason: '' });
    expect(outcome.kind === 'fault' && isRefusal(outcome)).toBe(false);
  });

  it('throws on XML that is no SOAP', () => {
    expect(() => readSoap('<html><body/></html>')).toThrow(XmlError);
  });
});
