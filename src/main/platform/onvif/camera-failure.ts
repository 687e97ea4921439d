import { DeskError, fail } from '../../failure.ts';
import { networkFailureWords } from '../network/network-failure.ts';
import { AnswerTooLong } from './camera-http.ts';
import { XmlError } from './xml.ts';

/** The camera wants credentials, or others. */
export class NotAllowed extends Error {
  override readonly name = 'NotAllowed';
}

/** The camera understood the request and declined it; the message is the camera's reason. */
export class SoapFault extends Error {
  override readonly name = 'SoapFault';
}

export function garbage(label: string, what: string): DeskError {
  return fail(
    'camera-garbage',
    `Camera ${label} does not answer as ONVIF demands: ${what}.`,
    'Check that ONVIF is switched on and that its firmware is current.',
  );
}

/** Makes a failure of whatever went wrong while talking to a camera; rethrows what is a bug of ours. */
export function failureOf(error: unknown, label: string, signal: AbortSignal): DeskError {
  if (error instanceof DeskError) return error;
  if (signal.aborted) return fail('cancelled', `Asking camera ${label} was cancelled.`);
  if (error instanceof NotAllowed) {
    return fail(
      'credentials-refused',
      `Camera ${label} refuses this user name and password.`,
      'Try others, and check that the user may use ONVIF: many cameras have separate ONVIF users.',
    );
  }
  if (error instanceof XmlError) return garbage(label, error.message);
  if (error instanceof AnswerTooLong) return garbage(label, `its answer has ${error.message}`);
  if (error instanceof SoapFault) return garbage(label, `it declined a request (${error.message})`);
  if (!(error instanceof Error)) throw error;
  if (error.name === 'TimeoutError') {
    return fail(
      'timed-out',
      `Camera ${label} did not answer in time.`,
      'Check its network connection and power.',
    );
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code.startsWith('HPE_')) return garbage(label, 'its answer is not HTTP');
  if (networkCodes.has(code)) {
    return fail(
      'unreachable',
      `Camera ${label} cannot be reached: ${networkFailureWords(code)}.`,
      'Check its network connection and power.',
    );
  }
  throw error;
}

const networkCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EPROTO',
]);
