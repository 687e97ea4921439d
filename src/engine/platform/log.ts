import pino from 'pino';
import type { Log } from '../../shared/domain/log.ts';

/** Names of facts that are never written, at the top of a record or one level down. */
const SECRET_NAMES = [
  'password',
  'credentials',
  'token',
  'secret',
  'privateKey',
  'authorization',
  'Authorization',
] as const;

const USER_INFORMATION_IN_URL = /([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s"/?#]+@/gi;
const AUTHORIZATION_HEADER = /(authorization["']? *[:=] *["']?[a-z]+ +)[^"'\\\r\n]+/gi;
const BEARER_TOKEN = /\b(Bearer +)[A-Za-z0-9_-]{20,}/g;

/** More than this waiting to be written, and lines are dropped: a reader that stops reading must not eat the memory. */
const PENDING_LIMIT_BYTES = 1_048_576;

export interface EngineLog extends Log {
  /** Writes out what is pending; for the last moment before the process ends. */
  flush(): void;
}

/** Where log lines go: a file descriptor (1 is standard output) or a file that is appended to. */
export type LogDestination = number | string;

/**
 * A log of one JSON object a line (`time` in ISO 8601 UTC, `level`, the facts, `msg`). Facts with a secret's name are
 * replaced, and user information is cut out of every URL wherever it occurs, also inside messages of foreign errors.
 */
export function openLog(destination: LogDestination): EngineLog {
  const stream = pino.destination({
    dest: destination,
    sync: false,
    maxLength: PENDING_LIMIT_BYTES,
    mode: 0o600,
  });
  // A destination that is gone (a closed pipe) must not end the recording.
  stream.on('error', () => undefined);
  const root = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
      serializers: { error: pino.stdSerializers.err },
      hooks: { streamWrite: withoutSecrets },
    },
    stream,
  );
  return { ...wrap(root), flush: () => flushQuietly(stream) };
}

/** Cuts user information out of URLs and values out of authorization headers. */
export function withoutSecrets(line: string): string {
  return line
    .replace(USER_INFORMATION_IN_URL, '$1')
    .replace(AUTHORIZATION_HEADER, '$1[redacted]')
    .replace(BEARER_TOKEN, '$1[redacted]');
}

function wrap(logger: pino.Logger): Log {
  return {
    debug: (facts, message) => logger.debug(facts, message),
    info: (facts, message) => logger.info(facts, message),
    warn: (facts, message) => logger.warn(facts, message),
    error: (facts, message) => logger.error(facts, message),
    child: (facts) => wrap(logger.child(facts)),
  };
}

function flushQuietly(stream: { flushSync(): void }): void {
  try {
    stream.flushSync();
  } catch {
    // Nothing was ever written, or the reader is gone: there is nobody left to tell.
  }
}
