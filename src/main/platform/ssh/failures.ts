import { DeskError, fail } from '../../failure.ts';
import type { SshEndpoint, SshTarget } from './ports.ts';

/** `Node rec-1 (192.168.1.5 port 22)`, for the start of a sentence. */
export function subjectOf(endpoint: SshEndpoint): string {
  const place = `${endpoint.address} port ${endpoint.port}`;
  return endpoint.nodeName === undefined ? `The server at ${place}` : `Node ${endpoint.nodeName} (${place})`;
}

const checkNetwork = 'Check its power, its network cable and the address, then try again.';

/** Turns what a socket reports while connecting into a failure. */
export function connectFailure(endpoint: SshEndpoint, error: unknown): DeskError {
  const subject = subjectOf(endpoint);
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      return fail(
        'unreachable',
        `${subject} refused the connection.`,
        'Check that the SSH server runs there and listens on this port.',
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'EADDRNOTAVAIL':
      return fail(
        'unreachable',
        `There is no route to ${lowerFirst(subject)}.`,
        'Check that this computer is in the right network and that the address is right.',
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return fail(
        'unreachable',
        `The name ${endpoint.address} has no address.`,
        'Check the spelling, or enter the IP address.',
      );
    case 'ETIMEDOUT':
      return fail('timed-out', `${subject} did not answer.`, checkNetwork);
    default:
      return fail('unreachable', `The connection to ${lowerFirst(subject)} broke off.`, 'Try again.');
  }
}

export function silentFailure(endpoint: SshEndpoint, waitedMs: number): DeskError {
  return fail(
    'timed-out',
    `${subjectOf(endpoint)} did not answer within ${seconds(waitedMs)}.`,
    checkNetwork,
  );
}

export function handshakeTimeoutFailure(endpoint: SshEndpoint, waitedMs: number): DeskError {
  return fail(
    'timed-out',
    `${subjectOf(endpoint)} accepted the connection, but did not complete the SSH handshake within ${seconds(waitedMs)}.`,
    'It may be overloaded, or another service listens on this port. Check it, then try again.',
  );
}

export function notSshFailure(endpoint: SshEndpoint): DeskError {
  return fail(
    'unreachable',
    `${subjectOf(endpoint)} answered, but the SSH handshake failed.`,
    'Check that an up-to-date SSH server, and no other service, listens on this port.',
  );
}

export function brokenFailure(endpoint: SshEndpoint): DeskError {
  return fail('unreachable', `The connection to ${lowerFirst(subjectOf(endpoint))} broke off.`, checkNetwork);
}

export function hostKeyFailure(target: SshTarget, shown: string): DeskError {
  return fail(
    'host-key-changed',
    `${subjectOf(target)} shows the host key ${shown}, but ${target.hostKeyFingerprint} was pinned when it was added. ` +
      'It was reinstalled, or another machine answers at its address.',
    'Compare the fingerprint on the node itself; if it is right, remove the node and add it again.',
  );
}

export function credentialsFailure(target: SshTarget): DeskError {
  const means = target.authentication.kind === 'password' ? 'password' : 'key';
  return fail(
    'credentials-refused',
    `${subjectOf(target)} refused the ${means} of user ${target.username}.`,
    `Check the user name and the ${means}.`,
  );
}

export function unreadableKeyFailure(target: SshTarget): DeskError {
  return fail(
    'credentials-refused',
    `The private key for ${lowerFirst(subjectOf(target))} cannot be read, or its passphrase is wrong.`,
    'Give an OpenSSH or PEM private key and, when it has one, its passphrase.',
  );
}

export function cancelledFailure(endpoint: SshEndpoint): DeskError {
  return fail('cancelled', `The work on ${lowerFirst(subjectOf(endpoint))} was cancelled.`);
}

/** Why a signal ended the work: its reason when that is a failure already, cancellation otherwise. */
export function abortFailure(endpoint: SshEndpoint, signal: AbortSignal): DeskError {
  return signal.reason instanceof DeskError ? signal.reason : cancelledFailure(endpoint);
}

export function commandTimeoutFailure(endpoint: SshEndpoint, waitedMs: number): DeskError {
  return fail(
    'timed-out',
    `A command on ${lowerFirst(subjectOf(endpoint))} did not end within ${seconds(waitedMs)}.`,
    'The node may be overloaded or its disk may hang. Check it, then try again.',
  );
}

export function commandRefusedFailure(endpoint: SshEndpoint): DeskError {
  return fail(
    'command-failed',
    `${subjectOf(endpoint)} did not let us run a command.`,
    'Check that the user has a login shell and that SSH sessions are not restricted or used up.',
  );
}

export function outputLimitFailure(endpoint: SshEndpoint, limitBytes: number): DeskError {
  return fail(
    'command-failed',
    `A command on ${lowerFirst(subjectOf(endpoint))} wrote more than ${limitBytes} bytes.`,
    'Check what the shell prints at sign-in.',
  );
}

export function stalledFailure(endpoint: SshEndpoint, waitedMs: number): DeskError {
  return fail('timed-out', `${subjectOf(endpoint)} took no data for ${seconds(waitedMs)}.`, checkNetwork);
}

export function noSpaceFailure(endpoint: SshEndpoint, path: string): DeskError {
  return fail(
    'no-space',
    `The disk of ${lowerFirst(subjectOf(endpoint))} is full; ${path} could not be written.`,
    'Free space on it, then try again.',
  );
}

export function uploadDamagedFailure(endpoint: SshEndpoint): DeskError {
  return fail(
    'bundle-damaged',
    `What arrived on ${lowerFirst(subjectOf(endpoint))} differs from what was sent.`,
    'Try again; if it happens again, check the memory and the disk of the node.',
  );
}

export function writeFailure(endpoint: SshEndpoint, path: string, reason: string): DeskError {
  return fail(
    'command-failed',
    `${path} could not be written on ${lowerFirst(subjectOf(endpoint))}: ${reason}`,
    'Check that the user may write there.',
  );
}

/** True for what the programs of a node say when a disk or a quota is full. */
export function saysNoSpace(text: string): boolean {
  return /No space left on device|Disk quota exceeded|ENOSPC/.test(text);
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function seconds(durationMs: number): string {
  return durationMs < 1000 ? `${durationMs} ms` : `${Math.round(durationMs / 1000)} s`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
