import type { BundleArch } from '../../../shared/engine-api/index.ts';
import type { HostFacts, Volume } from './facts.ts';

/** Node.js 24 is built against this one. */
const oldestGlibc = [2, 28] as const;

const commonTools = ['sha256sum', 'tar', 'gzip'];
const toolsOf = {
  systemd: [...commonTools, 'useradd', 'runuser'],
  supervised: [...commonTools, 'flock', 'setsid'],
} as const;

/** Package of Debian and its kin, for the remedy. */
const packageOf: Readonly<Record<string, string>> = {
  sha256sum: 'coreutils',
  tar: 'tar',
  gzip: 'gzip',
  useradd: 'passwd',
  runuser: 'util-linux',
  flock: 'util-linux',
  setsid: 'util-linux',
};

/** The processor as the bundles name it. */
export function archOf(facts: HostFacts): BundleArch | undefined {
  switch (facts.machine) {
    case 'x86_64':
      return 'x64';
    case 'aarch64':
    case 'arm64':
      return 'arm64';
    default:
      return undefined;
  }
}

/** Something that must be changed before the engine can be installed. */
export interface Obstacle {
  readonly code: 'unsupported-host' | 'no-space';
  /** A clause for a list: `it has ...`. */
  readonly what: string;
  readonly remedy: string;
}

/** Bytes that must be free. */
export interface NeededSpace {
  /** To bring a release and unpack it. */
  readonly releaseBytes: number;
  /** Left over beside the recordings: with less the engine records nothing. */
  readonly reserveBytes: number;
}

/** Everything that stands in the way, so that a person hears all of it at once. */
export function findObstacles(facts: HostFacts, needed: NeededSpace): readonly Obstacle[] {
  const obstacles: Obstacle[] = [];
  const add = (code: Obstacle['code'], what: string, remedy: string): void => {
    obstacles.push({ code, what, remedy });
  };
  if (facts.system !== 'Linux') add('unsupported-host', `it runs ${facts.system}`, 'use a Linux server');
  else if (!hasGlibc(facts.libc)) {
    add(
      'unsupported-host',
      `its C library is ${facts.libc === '' ? 'not glibc' : facts.libc}`,
      `use a distribution with glibc ${oldestGlibc.join('.')} or newer`,
    );
  }
  if (archOf(facts) === undefined) {
    add('unsupported-host', `its processor is ${facts.machine}`, 'use an x86-64 or ARM64 server');
  }
  if (facts.kind === 'systemd' && !facts.canElevate) {
    add(
      'unsupported-host',
      'the user may not become root',
      'sign in as root or allow sudo without a password',
    );
  }
  const missing = toolsOf[facts.kind].filter((tool) => !facts.tools.has(tool));
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((tool) => packageOf[tool] ?? tool))].join(', ');
    add('unsupported-host', `it lacks ${missing.join(', ')}`, `install the packages ${packages}`);
  }
  for (const { volume, neededBytes, purpose } of spaceDemands(facts, needed)) {
    if (volume.freeBytes >= neededBytes) continue;
    add(
      'no-space',
      `it has ${megabytes(volume.freeBytes)} free at ${volume.mountPoint}, and ${megabytes(neededBytes, Math.ceil)} are needed ${purpose}`,
      `free space at ${volume.mountPoint}`,
    );
  }
  return obstacles;
}

interface SpaceDemand {
  readonly volume: Volume;
  readonly neededBytes: number;
  readonly purpose: string;
}

function spaceDemands(
  { releaseVolume, dataVolume }: HostFacts,
  { releaseBytes, reserveBytes }: NeededSpace,
): readonly SpaceDemand[] {
  if (releaseVolume.mountPoint === dataVolume.mountPoint) {
    const purpose = 'to install and to record';
    return [{ volume: dataVolume, neededBytes: releaseBytes + reserveBytes, purpose }];
  }
  return [
    { volume: releaseVolume, neededBytes: releaseBytes, purpose: 'to install' },
    { volume: dataVolume, neededBytes: reserveBytes, purpose: 'to record' },
  ];
}

function hasGlibc(libc: string): boolean {
  const [, major, minor] = /^glibc (\d+)\.(\d+)/.exec(libc) ?? [];
  if (major === undefined || minor === undefined) return false;
  const [oldestMajor, oldestMinor] = oldestGlibc;
  return Number(major) > oldestMajor || (Number(major) === oldestMajor && Number(minor) >= oldestMinor);
}

function megabytes(byteLength: number, round = Math.floor): string {
  return `${round(byteLength / 1e6)} MB`;
}
