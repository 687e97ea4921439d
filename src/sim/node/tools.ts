import { constants } from 'node:fs';
import { access, chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * What a small server has. Anything else of this machine is out of the node's reach by name: above all no Node.js (an
 * engine must bring its own) and no systemctl, crontab, sudo or reboot that would act on the real machine.
 */
const toolNames = `
  awk base64 basename cat chmod chown cmp cp cut date dd df dirname du echo env expr false find flock
  fold getconf grep gunzip gzip head hostname id install kill ln ls mkdir mkfifo mktemp mv nice nohup
  od pgrep printf ps pwd readlink realpath rm rmdir sed seq setsid sh sha256sum sleep sort ss
  ssh-keygen stat stty sync tail tar tee test timeout touch tr true tty uname uniq uptime wc which who
  xargs
`
  .trim()
  .split(/\s+/);
const searchPath = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/** Keeps the table in the node's folder; `SimNode` runs its @reboot lines when the node boots. */
const crontabScript = `#!/bin/sh
# crontab FILE | - | -l | -r, for the one user of a simulated node.
table=\${0%/*}/../crontab
case \${1:-} in
  -l) cat "$table" 2>/dev/null || { echo "no crontab" >&2; exit 1; } ;;
  -r) rm -f "$table" ;;
  -) cat >"$table.new" && mv "$table.new" "$table" ;;
  *) cp "$1" "$table.new" && mv "$table.new" "$table" ;;
esac
`;

/** Makes the folder that is the node's whole PATH; afresh each time, so that it always fits this machine. */
export async function installTools(binDirectory: string): Promise<void> {
  await rm(binDirectory, { recursive: true, force: true });
  await mkdir(binDirectory, { recursive: true });
  await Promise.all(
    toolNames.map(async (name) => {
      const target = await findTool(name);
      if (target !== undefined) await symlink(target, join(binDirectory, name));
    }),
  );
  const crontab = join(binDirectory, 'crontab');
  await writeFile(crontab, crontabScript);
  await chmod(crontab, 0o755);
}

async function findTool(name: string): Promise<string | undefined> {
  for (const directory of searchPath) {
    const path = join(directory, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Commands of the `@reboot` lines of a crontab, in order. */
export function bootCommands(crontab: string): readonly string[] {
  return crontab
    .split('\n')
    .map((line) => /^@reboot\s+(.*\S)/.exec(line)?.[1])
    .filter((command) => command !== undefined);
}
