import { describe, expect, it } from 'vitest';
import {
  parseStreamAddress,
  playRequestOf,
  pushClaimOf,
} from '../../../../src/engine/rtmp/stream-address.ts';

describe('a push', () => {
  it.each([
    ['live', 'gate?key=secret-1'],
    ['live', 'gate/secret-1'],
    ['live/gate', 'secret-1'],
    ['live/gate?key=secret-1', ''],
    ['live?key=secret-1', 'gate'],
    ['gate', '?key=secret-1'],
    ['', 'gate?key=secret-1'],
    ['/live//', '/gate/?key=secret-1'],
  ])('to %j and %j is one to gate', (application, streamName) => {
    expect(pushClaimOf(parseStreamAddress(application, streamName))).toEqual({
      name: 'gate',
      key: 'secret-1',
    });
  });

  it('without a name or a key claims nothing', () => {
    expect(pushClaimOf(parseStreamAddress('', ''))).toEqual({ name: '', key: '' });
    expect(pushClaimOf(parseStreamAddress('', '?key=secret-1'))).toEqual({ name: '', key: 'secret-1' });
  });
});

describe('a player', () => {
  const account = { username: 'wall', password: 'a b&c' };
  const query = `user=wall&password=${encodeURIComponent('a b&c')}`;

  it.each([
    ['live', `gate-2/sub?${query}`],
    ['live/gate-2', `sub?${query}`],
    [`live/gate-2?${query}`, 'sub'],
    ['live', `gate-2-sub?${query}`],
  ])('of %j and %j wants the second stream of gate-2', (application, streamName) => {
    expect(playRequestOf(parseStreamAddress(application, streamName))).toEqual({
      target: { cameraId: 'gate-2', stream: 'sub', sound: 'as-is' },
      ...account,
    });
  });

  it('may ask for sound that it can play', () => {
    expect(playRequestOf(parseStreamAddress('live', 'gate/main?sound=aac'))?.target).toEqual({
      cameraId: 'gate',
      stream: 'main',
      sound: 'aac',
    });
  });

  it('who names no stream wants none', () => {
    expect(playRequestOf(parseStreamAddress('live', 'gate'))).toBeUndefined();
  });
});

it('takes no more of an address than it needs', () => {
  const { path, query } = parseStreamAddress(
    'a/'.repeat(1_000),
    `b?${'k=v&'.repeat(10)}${Array.from({ length: 100 }, (_, index) => `n${index}=v`).join('&')}`,
  );
  expect({ parts: path.length, parameters: query.size }).toEqual({ parts: 8, parameters: 16 });
});
