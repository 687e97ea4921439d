import { readFile, readdir, readlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Every process started on a node inherits this variable, so that it can be found wherever it went (setsid, nohup, double fork). */
export const nodeMarkerVariable = 'BELVEDERE_SIM_NODE';

const goneTimeoutMs = 10_000;
const pollMs = 10;

/**
 * Process ids of everything that runs on the node in `directory`: what carries its marker in the environment, and what was
 * started from a program inside the folder. Zombies have neither and count as gone.
 */
export async function findNodeProcesses(directory: string): Promise<readonly number[]> {
  const marker = `${nodeMarkerVariable}=${directory}`;
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const belongs = await Promise.all(
    pids.map(async (pid) => pid !== process.pid && (await runsOnNode(pid, directory, marker))),
  );
  return pids.filter((_, index) => belongs[index]);
}

async function runsOnNode(pid: number, directory: string, marker: string): Promise<boolean> {
  const [environment, program] = await Promise.all([
    readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
    readlink(`/proc/${pid}/exe`).catch(() => ''),
  ]);
  return environment.split('\0').includes(marker) || program.startsWith(`${directory}/`);
}

/** Kills everything on the node, as a power cut would, and waits until it is gone. */
export async function killNodeProcesses(directory: string): Promise<void> {
  const giveUpAtMs = performance.now() + goneTimeoutMs;
  for (;;) {
    // Again and again: a process may have forked between the look and the kill.
    const pids = await findNodeProcesses(directory);
    if (pids.length === 0) return;
    for (const pid of pids) killIfThere(pid);
    if (performance.now() > giveUpAtMs) {
      throw new Error(`Processes ${pids.join(', ')} of the node in ${directory} did not die within 10 s.`);
    }
    await delay(pollMs);
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
