import { describe, expect, it } from 'vitest';
import { admit } from '../../../../src/main/server/guard.ts';
import { securityHeaders } from '../../../../src/main/server/security-headers.ts';

const authority = '127.0.0.1:4711';
const origin = `http://${authority}`;

describe('the guard at the door', () => {
  it.each([
    ['a page load', { host: authority }, false],
    ['a script of the page', { host: authority, origin }, false],
    ['a call of the page', { host: authority, origin }, true],
  ])('admits %s', (_name, headers, needsOrigin) => {
    expect(admit({ headers, needsOrigin }, authority)).toEqual({ kind: 'admitted' });
  });

  it.each([
    ['no host', {}],
    ['a rebound name', { host: 'attacker.example:4711', origin }],
    ['another port', { host: '127.0.0.1:4712', origin }],
    ['localhost, which may be another program on ::1', { host: 'localhost:4711', origin }],
  ])('refuses %s', (_name, headers) => {
    expect(admit({ headers, needsOrigin: false }, authority)).toEqual({
      kind: 'refused',
      status: 421,
      reason: `This is ${authority} and no other name.`,
    });
  });

  it.each([
    ['no origin', { host: authority }],
    ['another site', { host: authority, origin: 'https://attacker.example' }],
    ['an opaque origin', { host: authority, origin: 'null' }],
    ['another port', { host: authority, origin: 'http://127.0.0.1:80' }],
    ['TLS in front', { host: authority, origin: `https://${authority}` }],
  ])('refuses a call from %s', (_name, headers) => {
    expect(admit({ headers, needsOrigin: true }, authority)).toEqual({
      kind: 'refused',
      status: 403,
      reason: 'Only pages of this desk may do this.',
    });
  });

  it('refuses another site even where no origin is needed', () => {
    const headers = { host: authority, origin: 'https://attacker.example' };
    expect(admit({ headers, needsOrigin: false }, authority).kind).toBe('refused');
  });
});

it('lets the page run only its own scripts and talk only to its own desk', () => {
  const policy = securityHeaders(authority)['content-security-policy']?.split('; ');
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain(`connect-src 'self' ws://${authority}`);
  expect(policy).toContain("frame-ancestors 'none'");
});
