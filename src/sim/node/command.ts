import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { ServerChannel, Session } from 'ssh2';

export interface CommandEnvironment {
  readonly homeDirectory: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** A command that could not be started at all, as sh reports it. */
const cannotExecuteStatus = 126;

/**
 * Runs a command for one session channel as sshd does without a terminal: `/bin/sh -c` in a process group of its own, its
 * streams piped with back-pressure, its end reported as status or signal (RFC 4254 §6.10). When the channel closes first,
 * the group is killed.
 */
export function runCommand(
  command: string,
  io: { readonly channel: ServerChannel; readonly session: Session },
  environment: CommandEnvironment,
): void {
  const { channel, session } = io;
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: environment.homeDirectory,
    env: environment.variables,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const signalGroup = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The whole group has ended already.
    }
  };

  channel.pipe(child.stdin);
  // A command may end without reading all its input.
  child.stdin.on('error', () => channel.resume());
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });

  session.on('signal', (accept, _reject, info) => {
    const name = `SIG${info.name}`;
    if (isSignal(name)) signalGroup(name);
    accept?.();
  });
  channel.on('close', () => {
    signalGroup('SIGKILL');
  });
  channel.on('error', () => {
    signalGroup('SIGKILL');
  });
  child.on('error', () => {
    channel.exit(cannotExecuteStatus);
    channel.end();
  });
  // `close` comes when the process has ended and nobody holds its output open any more, which is when sshd ends the channel.
  child.on('close', (status, signal) => {
    if (channel.destroyed) return;
    if (signal !== null) channel.exit(signal.replace(/^SIG/, ''), false, '');
    else channel.exit(status ?? cannotExecuteStatus);
    channel.end();
  });
}

function isSignal(name: string): name is NodeJS.Signals {
  return name in constants.signals;
}
