import { describe, expect, it } from 'vitest';
import { ConfigUpdate } from '../../../../src/shared/engine-api/index.ts';

function accepts(...streams: readonly (readonly [main: unknown, sub?: unknown])[]): boolean {
  const cameras = streams.map(([main, sub], index) => ({
    id: `camera-${index}`,
    name: 'Camera',
    main,
    sub,
    streamKey: 'key-of-the-camera',
    record: true,
  }));
  return ConfigUpdate.safeParse({ version: 0, cameras }).success;
}

describe('a camera that pushes', () => {
  it('has names in place of addresses, one stream, both, or beside an address', () => {
    expect([
      accepts([{ push: 'gate-main' }]),
      accepts([{ push: 'gate-main' }, { push: 'gate-sub' }]),
      accepts([{ push: 'gate-main' }, 'rtsp://10.0.0.7/sub'], ['rtsp://10.0.0.8/main', { push: 'yard' }]),
    ]).toEqual([true, true, true]);
  });

  it('has no name that another stream has, or that no address can hold', () => {
    expect([
      accepts([{ push: 'gate' }, { push: 'gate' }]),
      accepts([{ push: 'gate' }], [{ push: 'gate' }]),
      accepts([{ push: 'a/b' }]),
      accepts([{ push: '' }]),
      accepts([{ push: 'gate', key: 'secret' }]),
      accepts(['rtmp://10.0.0.7/live/gate']),
    ]).toEqual([false, false, false, false, false, false]);
  });
});
