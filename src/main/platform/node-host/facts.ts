import { z } from 'zod';
import { fail } from '../../failure.ts';
import { shellScript } from '../ssh/index.ts';
import type { SshConnection } from '../ssh/index.ts';

/** What a node says of itself before anything is changed on it. */
export interface HostFacts {
  /** `uname -s`. */
  readonly system: string;
  /** `uname -m`. */
  readonly machine: string;
  readonly kind: 'systemd' | 'supervised';
  readonly userId: number;
  /** Root, or sudo without a password. */
  readonly canElevate: boolean;
  readonly home: string;
  /** `glibc 2.36`; empty when there is none. */
  readonly libc: string;
  readonly installRoot: string;
  /** What `installRoot` lies on. */
  readonly releaseVolume: Volume;
  /** What the engine's recordings lie on; the same volume where there is only one. */
  readonly dataVolume: Volume;
  readonly tools: ReadonlySet<string>;
  readonly listeners: readonly Listener[];
}

/** A mounted file system. */
export interface Volume {
  readonly mountPoint: string;
  readonly freeBytes: number;
}

/** A TCP port that somebody listens on. */
export interface Listener {
  readonly address: string;
  readonly port: number;
}

export const systemdRoot = '/opt/belvedere';
export const systemdDataFolder = '/var/lib/belvedere';
const supervisedFolder = 'belvedere';

/** Every program that our scripts call and that a small system may lack. */
const askedTools = [
  'sha256sum',
  'tar',
  'gzip',
  'flock',
  'setsid',
  'ssh-keygen',
  'crontab',
  'useradd',
  'runuser',
];

const factsScript = `
# A person's PATH lacks them on Debian; sudo's has them.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
root=$1; data=$2; folder=$3; shift 3
echo "system=$(uname -s)"
echo "machine=$(uname -m)"
kind=\${BELVEDERE_NODE_HOST:-}
if [ -z "$kind" ]; then
  if [ "$(cat /proc/1/comm 2>/dev/null)" = systemd ]; then kind=systemd; else kind=supervised; fi
fi
echo "kind=$kind"
id=$(id -u); echo "userId=$id"
if [ "$id" = 0 ] || sudo -n true 2>/dev/null; then echo canElevate=yes; else echo canElevate=no; fi
echo "home=$HOME"
echo "libc=$(getconf GNU_LIBC_VERSION 2>/dev/null)"
[ "$kind" = systemd ] || { root=$(cd "$HOME" && pwd -P)/$folder; data=$root/data; }
echo "installRoot=$root"
# Prints NAME=FREE MOUNTPOINT; nobody but the engine may look into its folder, and root.
volume() {
  sudo=; [ "$kind" != systemd ] || [ "$id" = 0 ] || sudo='sudo -n'
  place=$2
  while ! $sudo test -d "$place" 2>/dev/null && [ "$place" != / ]; do place=$(dirname "$place"); done
  echo "$1=$($sudo df -Pk "$place" | awk 'NR == 2 { free = $4; sub(/^.*% /, ""); print free, $0 }')"
}
volume releaseVolume "$root"
volume dataVolume "$data/recordings"
for tool in "$@"; do command -v "$tool" >/dev/null 2>&1 && echo "tool=$tool"; done
for file in /proc/net/tcp /proc/net/tcp6; do
  [ ! -r $file ] || awk '$4 == "0A" { print "listen=" $2 }' $file
done
exit 0
`;

/** `FREE MOUNTPOINT`, KiB. */
const VolumeText = z
  .string()
  .max(4096)
  .regex(/^\d{1,15} \//)
  .transform((text): Volume => {
    const gap = text.indexOf(' ');
    return { freeBytes: Number(text.slice(0, gap)) * 1024, mountPoint: text.slice(gap + 1) };
  });

const FactsText = z.object({
  system: z.string().max(64),
  machine: z.string().max(64),
  kind: z.enum(['systemd', 'supervised']),
  userId: z.coerce.number().int().nonnegative(),
  canElevate: z.enum(['yes', 'no']),
  home: z.string().startsWith('/').max(4096),
  libc: z.string().max(64),
  installRoot: z.string().startsWith('/').max(4096),
  releaseVolume: VolumeText,
  dataVolume: VolumeText,
});

/** Looks at a node; changes nothing. Fails with `unsupported-host` when it makes no sense of the answers. */
export async function gatherFacts(
  connection: SshConnection,
  nodeName: string,
  signal: AbortSignal,
): Promise<HostFacts> {
  const command = shellScript(factsScript, systemdRoot, systemdDataFolder, supervisedFolder, ...askedTools);
  const { stdout } = await connection.exec(command, { signal });
  const facts = parseFacts(stdout);
  if (facts !== undefined) return facts;
  throw fail(
    'unsupported-host',
    `Node ${nodeName} does not answer like a Linux server.`,
    'The engine runs on Linux (x86-64 or ARM64) with a POSIX shell.',
  );
}

/** Understands the output of the script above. */
export function parseFacts(output: string): HostFacts | undefined {
  const values = new Map<string, string>();
  const tools = new Set<string>();
  const listeners: Listener[] = [];
  for (const line of output.split('\n')) {
    const [, key, value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key === 'tool') tools.add(value);
    else if (key === 'listen') listeners.push(...parseListener(value));
    else if (key !== undefined) values.set(key, value);
  }
  const parsed = FactsText.safeParse(Object.fromEntries(values));
  if (!parsed.success) return undefined;
  const { canElevate, ...facts } = parsed.data;
  return { ...facts, canElevate: canElevate === 'yes', tools, listeners };
}

/** `local_address` of /proc/net/tcp: hexadecimal words in host byte order, which is little-endian wherever we run; port. */
function parseListener(text: string): Listener[] {
  const [, words = '', port = ''] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(text) ?? [];
  if (words === '') return [];
  const bytes = Buffer.from(words, 'hex');
  bytes.swap32();
  return [{ address: formatAddress(bytes), port: Number.parseInt(port, 16) }];
}

function formatAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const isMapped = bytes.subarray(0, 12).equals(Buffer.from('00000000000000000000ffff', 'hex'));
  if (isMapped) return bytes.subarray(12).join('.');
  if (bytes.every((byte) => byte === 0)) return '::';
  return bytes.toString('hex').replaceAll(/(.{4})(?!$)/g, '$1:');
}

/** Whether listening on `address` would collide with a listener that is there. */
export function isPortTaken(
  facts: HostFacts,
  settings: { readonly address: string; readonly port: number },
): boolean {
  return facts.listeners.some(
    ({ address, port }) =>
      port === settings.port &&
      (address === settings.address || isWildcard(address) || isWildcard(settings.address)),
  );
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
