import { describe, expect, it } from 'vitest';
import { applyUpdate, engineConfigOf, viewOf } from '../../../../src/engine/platform/config-content.ts';
import type { ConfigContent } from '../../../../src/engine/platform/config-content.ts';
import { ConfigUpdate, privateNetworks } from '../../../../src/shared/engine-api/index.ts';

const gate = { id: 'gate', name: 'Gate', main: 'rtsp://10.0.0.1/', record: true };
const slave = {
  id: 'rec-1',
  address: 'rec-1.example:8443',
  certificatePin: `${'A'.repeat(43)}=`,
  scope: 'view',
};
const dock = { id: 'dock', name: 'Dock', slaveId: 'rec-1' };
const token = 't'.repeat(43);
const nothing: ConfigContent = {
  stored: { version: 0, cameras: [] },
  secrets: {
    cameraCredentials: new Map(),
    streamKeys: new Map(),
    accountPasswords: new Map(),
    slaveTokens: new Map(),
  },
};

/** What remains after updates that carry only these sections. */
function after(...updates: readonly object[]): ConfigContent {
  return updates.reduce((content: ConfigContent, sections) => {
    const update = ConfigUpdate.parse({ version: content.stored.version, ...sections });
    const verdict = applyUpdate(content, update);
    if (verdict.kind === 'invalid') throw new Error(verdict.message);
    return verdict;
  }, nothing);
}

const full = {
  cameras: [{ ...gate, credentials: { username: 'admin', password: 'p' }, streamKey: 'stream-key' }],
  serve: { rtsp: { enabled: true }, accounts: [{ username: 'wall', password: 'w' }] },
  master: { slaves: [{ ...slave, token }], cameras: [dock] },
  volumes: [{ name: 'disk-1', path: '/srv/disk-1', reserveBytes: 5 }],
};
const defaults = {
  rtsp: { enabled: false, port: 8554 },
  rtmp: { enabled: false, port: 1935 },
  hls: { enabled: false },
  allowedNetworks: [...privateNetworks],
  limits: { players: 128, playersPerAddress: 32 },
  accounts: [],
};

describe('an update of the configuration', () => {
  it('gives the engine every section, with secrets or with defaults', () => {
    expect(engineConfigOf(nothing)).toEqual({
      cameras: [],
      serve: defaults,
      master: { slaves: [], cameras: [] },
      volumes: [],
    });
    expect(engineConfigOf(after(full))).toEqual({
      cameras: full.cameras,
      serve: { ...defaults, rtsp: { enabled: true, port: 8554 }, accounts: full.serve.accounts },
      master: { slaves: [{ ...slave, token }], cameras: [{ ...dock, hasSub: true, record: false }] },
      volumes: full.volumes,
    });
  });

  it('shows that there are secrets, not what they are', () => {
    expect(viewOf(nothing)).toEqual({ version: 0, cameras: [] });
    expect(viewOf(after(full))).toEqual({
      version: 1,
      cameras: [{ ...gate, hasCredentials: true, hasStreamKey: true }],
      serve: {
        ...defaults,
        rtsp: { enabled: true, port: 8554 },
        accounts: [{ username: 'wall', hasPassword: true }],
      },
      volumes: full.volumes,
      master: {
        slaves: [{ ...slave, hasToken: true }],
        cameras: [{ ...dock, hasSub: true, record: false }],
      },
    });
  });

  it.each(['cameras', 'serve', 'master', 'volumes'] as const)(
    'leaves everything but %s as it was',
    (section) => {
      const before = after(full);
      const { [section]: changed, ...others } = engineConfigOf(after(full, { [section]: full[section] }));
      expect(others).toEqual({ ...engineConfigOf(before), [section]: undefined });
      expect(changed).toEqual(engineConfigOf(before)[section]);
    },
  );

  it('keeps the secrets that it leaves out', () => {
    const sections = {
      cameras: [gate],
      serve: { ...full.serve, accounts: [{ username: 'wall' }] },
      master: { slaves: [slave], cameras: [dock] },
    };
    expect(after(full, sections).secrets).toEqual(after(full).secrets);
  });

  it('removes the secrets that are null, and those of who is gone', () => {
    const removed = {
      cameras: [{ ...gate, credentials: null, streamKey: null }],
      serve: { accounts: [{ username: 'wall', password: null }] },
      master: { slaves: [{ ...slave, token: null }], cameras: [dock] },
    };
    const gone = { cameras: [], serve: {}, master: { slaves: [], cameras: [] } };
    expect([after(full, removed).secrets, after(full, gone).secrets]).toEqual([
      nothing.secrets,
      nothing.secrets,
    ]);
    expect(engineConfigOf(after(full, removed)).serve.accounts).toEqual([]);
  });

  it('knows cameras by their own names only', () => {
    const camera = { ...gate, id: 'constructor' };
    expect(viewOf(after({ cameras: [camera] })).cameras).toEqual([{ ...camera, hasCredentials: false }]);
  });

  it('refuses a camera that is ingested and relayed, whichever section comes second', () => {
    const relayed = { master: { slaves: [slave], cameras: [{ ...dock, id: 'gate' }] } };
    const message =
      'Camera gate cannot be ingested here and relayed from rec-1 at once. Take it out of cameras or out of master.cameras.';
    expect(() => after({ cameras: [gate] }, relayed)).toThrow(message);
    expect(() => after(relayed, { cameras: [gate] })).toThrow(message);
  });
});

function parse(sections: object): boolean {
  return ConfigUpdate.safeParse({ version: 0, ...sections }).success;
}

describe('the form of an update', () => {
  it.each([
    ['a section that nobody knows', { camera: [] }],
    ['a camera twice', { cameras: [gate, gate] }],
    ['a short stream key', { cameras: [{ ...gate, streamKey: 'short' }] }],
    ['an account twice', { serve: { accounts: [{ username: 'a' }, { username: 'a' }] } }],
    ['an account without a name', { serve: { accounts: [{ username: '' }] } }],
    ['an account that is a property of objects', { serve: { accounts: [{ username: '__proto__' }] } }],
    ['a network that is none', { serve: { allowedNetworks: ['10.0.0.0/33'] } }],
    ['a port that is none', { serve: { rtsp: { enabled: true, port: 65_536 } } }],
    ['a host name to listen at', { serve: { rtsp: { enabled: true, host: 'localhost' } } }],
    ['a slave without a port', { master: { slaves: [{ ...slave, address: 'rec-1' }], cameras: [] } }],
    ['a slave with a path', { master: { slaves: [{ ...slave, address: 'rec-1:1/x' }], cameras: [] } }],
    ['a slave at no port', { master: { slaves: [{ ...slave, address: 'rec-1:65536' }], cameras: [] } }],
    ['a slave twice', { master: { slaves: [slave, slave], cameras: [] } }],
    ['a token that is none', { master: { slaves: [{ ...slave, token: 'x' }], cameras: [] } }],
    ["an administrator's token", { master: { slaves: [{ ...slave, scope: 'admin' }], cameras: [] } }],
    ['a camera of nobody', { master: { slaves: [], cameras: [dock] } }],
    ['a relayed camera twice', { master: { slaves: [slave], cameras: [dock, dock] } }],
  ])('excludes %s', (_what, sections) => {
    expect(parse(sections)).toBe(false);
  });

  it.each(['10.0.0.7:8443', '[fd00::7]:8443', 'rec-1.example:1', 'r:65535'])(
    'allows a slave at %s',
    (address) => {
      expect(parse({ master: { slaves: [{ ...slave, address }], cameras: [] } })).toBe(true);
    },
  );
});
