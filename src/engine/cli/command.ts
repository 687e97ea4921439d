import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { TokenScope, defaultReserveBytes } from '../../shared/engine-api/index.ts';
import { DEFAULT_PORT } from '../platform/endpoint.ts';
import { EngineExit } from '../platform/exit.ts';
import { engineLayout } from '../platform/layout.ts';
import { releaseVersion } from '../platform/release.ts';
import { revokeToken } from '../platform/tokens.ts';
import { enrol } from './enrol.ts';
import { fsck } from './fsck.ts';
import { checkHealth } from './health.ts';
import { run } from './run.ts';

const USAGE = `belvedere-engine run --dir DIR [--port N] [--host H] [--reserve-mb N] [--gop-cache-mb N] [--log-file FILE]
belvedere-engine enrol --dir DIR --scope admin|view|peer|metrics [--token-id ID]
belvedere-engine revoke --dir DIR --token-id ID
belvedere-engine health --dir DIR
belvedere-engine fsck DIR [--repair] [--json]
belvedere-engine version`;

const options = {
  dir: { type: 'string' },
  port: { type: 'string', default: String(DEFAULT_PORT) },
  host: { type: 'string', default: '0.0.0.0' },
  /** Free space to leave on the recordings' volume. */
  'reserve-mb': { type: 'string', default: String(defaultReserveBytes / 1_048_576) },
  /** For the pictures that new viewers start with, of all streams together. */
  'gop-cache-mb': { type: 'string', default: '128' },
  'log-file': { type: 'string' },
  scope: { type: 'string' },
  'token-id': { type: 'string' },
  repair: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

/** Runs one command line and returns the exit code. What a person can put right is said in one sentence on standard error. */
export async function runCommand(args: readonly string[]): Promise<number> {
  // Whatever the engine makes, SQLite's files too, is nobody else's to read.
  process.umask(0o077);
  try {
    return await dispatch(args);
  } catch (error) {
    if (!(error instanceof EngineExit)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}

async function dispatch(args: readonly string[]): Promise<number> {
  const { command, operand, values } = parseCommandLine(args);
  switch (command) {
    case 'version':
      process.stdout.write(`${releaseVersion()}\n`);
      return 0;
    case 'run':
      return run({
        directory: directoryOf(values.dir),
        host: values.host,
        port: portOf(values.port),
        reserveBytes: megabytesOf('reserve-mb', values['reserve-mb']),
        gopCacheBytes: megabytesOf('gop-cache-mb', values['gop-cache-mb']),
        logFile: values['log-file'],
      });
    case 'enrol':
      process.stdout.write(
        `${JSON.stringify(
          enrol({
            directory: directoryOf(values.dir),
            scope: scopeOf(values.scope),
            tokenId: values['token-id'],
          }),
        )}\n`,
      );
      return 0;
    case 'revoke':
      revokeToken(engineLayout(directoryOf(values.dir)), values['token-id'] ?? '');
      return 0;
    case 'health':
      await checkHealth(directoryOf(values.dir));
      return 0;
    case 'fsck':
      return fsck({
        directory: directoryOf(operand ?? values.dir),
        repairs: values.repair,
        json: values.json,
        print: (line) => void process.stdout.write(`${line}\n`),
      });
    case undefined:
      throw new EngineExit('usage', USAGE);
    default:
      throw new EngineExit('usage', `There is no command ${command}.\n${USAGE}`);
  }
}

function parseCommandLine(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [command, operand] = positionals;
    if (positionals.length > (command === 'fsck' ? 2 : 1))
      throw new EngineExit('usage', `One command at a time.\n${USAGE}`);
    return { command, operand, values };
  } catch (error) {
    if (error instanceof TypeError) throw new EngineExit('usage', `${error.message}\n${USAGE}`);
    throw error;
  }
}

function directoryOf(value: string | undefined): string {
  if (value === undefined || value === '') throw new EngineExit('usage', `--dir is missing.\n${USAGE}`);
  return resolve(value);
}

function portOf(value: string): number {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (!(port <= 65_535))
    throw new EngineExit('usage', `--port ${value} is no port; give a number from 0 to 65535.`);
  return port;
}

function megabytesOf(option: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) {
    throw new EngineExit('usage', `--${option} ${value} is no number of megabytes; give a whole number.`);
  }
  return Number(value) * 1_048_576;
}

function scopeOf(value: string | undefined): TokenScope {
  const scope = TokenScope.safeParse(value);
  if (!scope.success)
    throw new EngineExit('usage', `--scope must be one of ${TokenScope.options.join(', ')}.`);
  return scope.data;
}
