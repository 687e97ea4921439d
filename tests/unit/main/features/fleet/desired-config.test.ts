import { describe, expect, it } from 'vitest';
import {
  desiredConfig,
  isInStep,
  withNeighbours,
  type AppliedConfig,
} from '../../../../../src/main/features/fleet/desired-config.ts';
import type { StoredCamera } from '../../../../../src/main/features/inventory/index.ts';

function stored(
  id: string,
  more: Partial<StoredCamera['camera']> = {},
  credentialRevision = 0,
): StoredCamera {
  const mainUri = `rtsp://10.0.0.1/${id}`;
  return {
    camera: {
      id,
      name: id,
      address: '10.0.0.1',
      username: 'admin',
      profiles: [],
      mainUri,
      addedUtcMs: 0,
      ...more,
    },
    serviceUrl: 'http://10.0.0.1/onvif/device_service',
    credentialRevision,
  };
}

describe('desiredConfig', () => {
  it('tells an engine its cameras, in one order whatever the order they come in', () => {
    const gate = stored('gate', { subUri: 'rtsp://10.0.0.1/sub' });
    const config = desiredConfig([stored('yard'), gate]);
    expect(config.cameras).toEqual([
      { id: 'gate', name: 'gate', main: 'rtsp://10.0.0.1/gate', sub: 'rtsp://10.0.0.1/sub', record: true },
      { id: 'yard', name: 'yard', main: 'rtsp://10.0.0.1/yard', record: true },
    ]);
    expect(desiredConfig([gate, stored('yard')])).toEqual(config);
  });

  it.each<[string, StoredCamera[]]>([
    ['a name', [stored('gate', { name: 'Gate' })]],
    ['an address', [stored('gate', { mainUri: 'rtsp://10.0.0.2/gate' })]],
    ['a user name', [stored('gate', { username: 'root' })]],
    ['a password, of which it knows the revision only', [stored('gate', {}, 1)]],
    ['one more camera', [stored('gate'), stored('yard')]],
    ['one camera less', []],
  ])('has another fingerprint after a change of %s', (_what, changed) => {
    expect(desiredConfig(changed).fingerprint).not.toBe(desiredConfig([stored('gate')]).fingerprint);
  });

  it('has the same fingerprint after a change of what engines are not told', () => {
    const changed = stored('gate', { model: 'NV-2', nodeId: 'rec-1' });
    expect(desiredConfig([changed]).fingerprint).toBe(desiredConfig([stored('gate')]).fingerprint);
  });
});

describe('isInStep', () => {
  const desired = desiredConfig([stored('gate')]);
  const { fingerprint } = desired;
  it.each<[string, AppliedConfig | undefined, [engineVersion: number, expected: boolean]]>([
    ['what it acknowledged', { engineVersion: 4, fingerprint }, [4, true]],
    ['something older', { engineVersion: 4, fingerprint: 'other' }, [4, false]],
    ['what somebody else told it since', { engineVersion: 4, fingerprint }, [5, false]],
    ['nothing any more, being set up anew', { engineVersion: 4, fingerprint }, [0, false]],
    ['nothing yet', undefined, [0, false]],
  ])('of an engine that has %s', (_what, applied, [engineVersion, expected]) => {
    expect(isInStep(applied, engineVersion, desired)).toBe(expected);
  });

  it('has nothing to tell a new engine without cameras, but takes away what another desk left', () => {
    expect(isInStep(undefined, 0, desiredConfig([]))).toBe(true);
    expect(isInStep(undefined, 3, desiredConfig([]))).toBe(false);
  });
});

describe('withNeighbours', () => {
  it('finds all that one key stands for: every camera at the same host and port', () => {
    const { cameras } = desiredConfig([
      stored('alone', { mainUri: 'rtsps://10.0.0.2/main' }),
      stored('channel-1', { mainUri: 'rtsps://Encoder.local/1' }),
      stored('channel-2', { mainUri: 'rtsp://10.0.0.3/2', subUri: 'rtsps://encoder.local:322/2' }),
      stored('other-port', { mainUri: 'rtsps://encoder.local:8322/1' }),
      stored('unencrypted', { mainUri: 'rtsp://encoder.local/1' }),
    ]);
    expect(withNeighbours(cameras, ['channel-1'])).toEqual(new Set(['channel-1', 'channel-2']));
    expect(withNeighbours(cameras, ['alone', 'unencrypted'])).toEqual(new Set(['alone', 'unencrypted']));
    expect(withNeighbours(cameras, ['of another node'])).toEqual(new Set());
  });
});
