import { describe, expect, it } from 'vitest';
import { createLog, redactFacts, redactText } from '../../../../../src/main/platform/log/index.ts';

const secret = 'S3cr3t-hunter2';

describe('what the log shows', () => {
  it.each([
    'password',
    'cameraPassword',
    'passphrase',
    'token',
    'engineToken',
    'authorization',
    'Cookie',
    'privateKey',
    'private_key',
    'credentials',
    'ticket',
  ])('hides the fact %s', (key) => {
    expect(redactFacts({ [key]: secret, node: 'rec-2' })).toEqual({ [key]: '[redacted]', node: 'rec-2' });
  });

  it('hides secrets in addresses and headers, wherever they stand', () => {
    expect(redactText(`cannot open rtsp://admin:${secret}@10.0.0.7/main`)).toBe(
      'cannot open rtsp://[redacted]@10.0.0.7/main',
    );
    // As people type passwords.
    expect(redactText(`cannot open rtsp://admin:p@${secret}@10.0.0.7/main`)).toBe(
      'cannot open rtsp://[redacted]@10.0.0.7/main',
    );
    expect(redactText(`GET /media/live?ticket=${secret}&x=1`)).toBe('GET /media/live?ticket=[redacted]&x=1');
    expect(redactText(`http://127.0.0.1:1/#code=${secret}`)).toBe('http://127.0.0.1:1/#code=[redacted]');
    expect(redactText(`Authorization: Bearer ${secret}`)).toBe('Authorization: Bearer [redacted]');
  });

  it('keeps codes of failures and of errors', () => {
    const error = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    error.stack = 'stack';
    expect(redactFacts({ failure: { code: 'unreachable' }, error })).toEqual({
      failure: { code: 'unreachable' },
      error: { name: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED', stack: 'stack' },
    });
  });

  it('shows of an error only what is known, not what a library hung on it', () => {
    const cause = Object.assign(new Error('refused'), {
      config: { password: secret },
      buffer: Buffer.from(secret),
    });
    const facts = redactFacts({ error: new Error('failed', { cause }), bytes: Buffer.from(secret) });
    expect(JSON.stringify(facts)).not.toContain(secret);
    expect(facts).toMatchObject({
      error: { message: 'failed', cause: { message: 'refused' } },
      bytes: '[14 bytes]',
    });
  });

  it('is bounded in depth, number and length', () => {
    const cyclic: Record<string, unknown> = { name: 'x' };
    cyclic['self'] = cyclic;
    const facts = redactFacts({
      cyclic,
      many: Array.from({ length: 1000 }, (_unused, index) => index),
      long: 'x'.repeat(1e6),
    });
    expect(JSON.stringify(facts).length).toBeLessThan(12_000);
  });

  it('hides secrets on every path into the log', () => {
    const lines: string[] = [];
    const log = createLog({ write: (line: string) => void lines.push(line) }, 'debug');
    const nested = { a: { b: [{ password: secret }] }, url: `rtsp://u:${secret}@h/` };
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      log[level](nested, `token=${secret}`);
      log.child({ password: secret, token: secret })[level]({ error: new Error(`Bearer ${secret}`) }, 'x');
    }
    expect(lines).toHaveLength(8);
    expect(lines.join('')).not.toContain(secret);
  });
});
