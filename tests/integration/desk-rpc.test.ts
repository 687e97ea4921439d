import { TRPCClientError } from '@trpc/client';
import { describe, expect, it } from 'vitest';
import { rpcCloseCodes } from '../../src/shared/contract/index.ts';
import { connect, firstEvents, signIn, startTestDesk } from './desk/desk-fixture.ts';

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof TRPCClientError ? error.data : error;
}

describe('the desk over a real WebSocket', () => {
  it('tells the site and every rename', async () => {
    await using test = await startTestDesk();
    using page = connect(test.origin, await signIn(test));
    let renamed = false;
    const events = await firstEvents(page.client, 'site.watch', {
      count: 2,
      onEvent: () => {
        if (renamed) return;
        renamed = true;
        void page.client.mutation('site.rename', { name: '  Harbour east ' });
      },
    });
    const about = { colorScheme: 'auto', version: '9.9.9', shell: 'web' };
    expect(events).toEqual([
      { ...about, name: 'New site' },
      { ...about, name: 'Harbour east' },
    ]);
  });

  it('remembers the wall', async () => {
    await using test = await startTestDesk();
    using page = connect(test.origin, await signIn(test));
    expect(await page.client.query('wall.layout')).toEqual({ tileCount: 4, cameraIds: [] });
    const layout = { tileCount: 9, cameraIds: ['gate', null, 'yard', null] };
    await page.client.mutation('wall.setLayout', layout);
    expect(await page.client.query('wall.layout')).toEqual({
      tileCount: 9,
      cameraIds: ['gate', null, 'yard'],
    });
  });

  it('says which field is wrong, and nothing of a call it does not know', async () => {
    await using test = await startTestDesk();
    using page = connect(test.origin, await signIn(test));
    expect(await failureOf(page.client.mutation('site.rename', { name: '' }))).toEqual({
      failure: {
        code: 'invalid-input',
        message: 'This cannot be used: name: Too small: expected string to have >=1 characters.',
        remedy: 'Correct it and try again.',
      },
    });
    expect(await failureOf(page.client.query('site.secrets'))).toEqual({
      failure: {
        code: 'not-found',
        message: 'The desk does not know this call.',
        remedy: 'Reload the window.',
      },
    });
  });

  it('refuses a connection without a token', async () => {
    await using test = await startTestDesk();
    using page = connect(test.origin, 'A'.repeat(43));
    const call = failureOf(page.client.query('wall.layout'));
    expect(await page.closed).toBe(rpcCloseCodes.unauthorized);
    // Where the refusal came before the call was sent, it would wait for another connection.
    page[Symbol.dispose]();
    expect(await call).toBeUndefined();
  });
});
