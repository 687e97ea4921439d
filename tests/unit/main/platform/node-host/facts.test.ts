import { describe, expect, it } from 'vitest';
import { isPortTaken, parseFacts } from '../../../../../src/main/platform/node-host/facts.ts';
import type { HostFacts } from '../../../../../src/main/platform/node-host/facts.ts';
import { archOf, findObstacles } from '../../../../../src/main/platform/node-host/requirements.ts';

const output = `Welcome to rec-1!
system=Linux
machine=x86_64
kind=systemd
userId=1000
canElevate=yes
home=/home/engineer
libc=glibc 2.36
installRoot=/opt/belvedere
releaseVolume=2048 /
dataVolume=4096 /mnt/big disk
tool=tar
tool=ssh-keygen
listen=0100007F:20FB
listen=00000000:0016
listen=00000000000000000000000000000000:0050
listen=0000000000000000FFFF00000100007F:1F90
listen=00000000000000000000000001000000:1F91
listen=nonsense
`;
const facts: HostFacts = {
  system: 'Linux',
  machine: 'x86_64',
  kind: 'systemd',
  userId: 1000,
  canElevate: true,
  home: '/home/engineer',
  libc: 'glibc 2.36',
  installRoot: '/opt/belvedere',
  releaseVolume: { mountPoint: '/', freeBytes: 2048 * 1024 },
  dataVolume: { mountPoint: '/mnt/big disk', freeBytes: 4096 * 1024 },
  tools: new Set(['tar', 'ssh-keygen']),
  listeners: [
    { address: '127.0.0.1', port: 8443 },
    { address: '0.0.0.0', port: 22 },
    { address: '::', port: 80 },
    { address: '127.0.0.1', port: 8080 },
    { address: '0000:0000:0000:0000:0000:0000:0000:0001', port: 8081 },
  ],
};
const allTools = new Set(['sha256sum', 'tar', 'gzip', 'useradd', 'runuser', 'flock', 'setsid']);

it('understands what the node says, also behind a greeting', () => {
  expect(parseFacts(output)).toEqual(facts);
});

it.for<[string, string]>([
  ['nothing at all', ''],
  ['another system', "'uname' is not recognized as an internal or external command"],
  ['a missing line', output.replace(/dataVolume.*\n/, '')],
  ['a number that is none', output.replace('2048', 'lots')],
  ['a kind that is not known', output.replace('kind=systemd', 'kind=launchd')],
])('makes nothing of %s', ([, text]) => {
  expect(parseFacts(text)).toBe(undefined);
});

it('knows when a port is taken', () => {
  const asked = [
    { address: '127.0.0.1', port: 8443 },
    { address: '127.0.0.2', port: 8443 },
    { address: '0.0.0.0', port: 8443 },
    { address: '10.0.0.1', port: 22 },
    { address: '10.0.0.1', port: 80 },
    { address: '10.0.0.1', port: 23 },
  ];
  expect(asked.map((settings) => isPortTaken(facts, settings))).toEqual([
    true,
    false,
    true,
    true,
    true,
    false,
  ]);
});

const nothingNeeded = { releaseBytes: 0, reserveBytes: 0 };

describe('what stands in the way', () => {
  it('is the sum where releases and recordings share a volume', () => {
    const volume = { mountPoint: '/', freeBytes: 1_200_000_000 };
    const shared = { ...facts, tools: allTools, releaseVolume: volume, dataVolume: volume };
    const needed = { releaseBytes: 200_000_000, reserveBytes: 1_000_000_000 };
    expect(findObstacles(shared, needed)).toEqual([]);
    expect(findObstacles(shared, { ...needed, releaseBytes: 200_000_001 })).toEqual([
      {
        code: 'no-space',
        what: 'it has 1200 MB free at /, and 1201 MB are needed to install and to record',
        remedy: 'free space at /',
      },
    ]);
  });

  it('is nothing on a good server', () => {
    const enough = { releaseBytes: 2048 * 1024, reserveBytes: 4096 * 1024 };
    expect(findObstacles({ ...facts, tools: allTools }, enough)).toEqual([]);
    const supervised: HostFacts = { ...facts, kind: 'supervised', canElevate: false, tools: allTools };
    expect(findObstacles(supervised, enough)).toEqual([]);
  });

  it('is named as a whole', () => {
    const bad = { ...facts, machine: 'riscv64', libc: 'glibc 2.27', canElevate: false };
    expect(findObstacles(bad, { releaseBytes: 300_000_000, reserveBytes: 1_000_000_000 })).toEqual([
      {
        code: 'unsupported-host',
        what: 'its C library is glibc 2.27',
        remedy: 'use a distribution with glibc 2.28 or newer',
      },
      {
        code: 'unsupported-host',
        what: 'its processor is riscv64',
        remedy: 'use an x86-64 or ARM64 server',
      },
      {
        code: 'unsupported-host',
        what: 'the user may not become root',
        remedy: 'sign in as root or allow sudo without a password',
      },
      {
        code: 'unsupported-host',
        what: 'it lacks sha256sum, gzip, useradd, runuser',
        remedy: 'install the packages coreutils, gzip, passwd, util-linux',
      },
      {
        code: 'no-space',
        what: 'it has 2 MB free at /, and 300 MB are needed to install',
        remedy: 'free space at /',
      },
      {
        code: 'no-space',
        what: 'it has 4 MB free at /mnt/big disk, and 1000 MB are needed to record',
        remedy: 'free space at /mnt/big disk',
      },
    ]);
  });

  it.for([
    ['glibc 2.28', []],
    ['glibc 3.0', []],
    ['glibc 2.5', ['its C library is glibc 2.5']],
    ['', ['its C library is not glibc']],
  ] as const)('counts C library "%s"', ([libc, expected]) => {
    expect(findObstacles({ ...facts, tools: allTools, libc }, nothingNeeded).map(({ what }) => what)).toEqual(
      expected,
    );
  });

  it('is another system', () => {
    expect(findObstacles({ ...facts, tools: allTools, system: 'FreeBSD' }, nothingNeeded)).toEqual([
      { code: 'unsupported-host', what: 'it runs FreeBSD', remedy: 'use a Linux server' },
    ]);
  });
});

it('knows processors by their names', () => {
  expect(
    ['x86_64', 'aarch64', 'arm64', 'armv7l', 'i686'].map((machine) => archOf({ ...facts, machine })),
  ).toEqual(['x64', 'arm64', 'arm64', undefined, undefined]);
});
