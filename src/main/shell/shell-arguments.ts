import { createInterface } from 'node:readline';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { ShellSettings } from '../desk-protocol.ts';
import { fail } from '../failure.ts';

export const shellUsage = `Usage: npm start -- [--data DIR] [--port N] [--no-open] [--passphrase-stdin | --settings-stdin]

  --data DIR          the site's data folder (made when it is not there)
  --port N            port on 127.0.0.1 (default: a free one)
  --no-open           open no window; print a link that works once
  --passphrase-stdin  read the vault's passphrase from the first line of standard input
  --settings-stdin    read settings from the first line of standard input, as JSON`;

/** What a shell was asked to do. */
export interface ShellArguments {
  /** Absolute. */
  readonly dataDirectory: string;
  readonly port: number;
  readonly opensWindow: boolean;
  readonly firstLine: 'nothing' | 'passphrase' | 'settings';
  readonly wantsHelp: boolean;
}

const Values = z.object({
  data: z.string().min(1).optional(),
  port: z
    .string()
    .regex(/^\d{1,5}$/, 'a number from 1 to 65535')
    .transform(Number)
    .pipe(z.int().min(1).max(65535))
    .optional(),
  'no-open': z.boolean().optional(),
  'passphrase-stdin': z.boolean().optional(),
  'settings-stdin': z.boolean().optional(),
  help: z.boolean().optional(),
});

/** Throws `invalid-input` that names the argument. */
export function parseShellArguments(
  words: readonly string[],
  defaults: {
    readonly dataDirectory: string;
    readonly workingDirectory: string;
    /** Electron's own switches are among its words. */
    readonly unknownWords: 'refuse' | 'ignore';
  },
): ShellArguments {
  const values = Values.safeParse(readWords(words, defaults.unknownWords));
  if (!values.success) {
    const [issue] = values.error.issues;
    throw fail(
      'invalid-input',
      `--${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unusable'}.`,
      shellUsage,
    );
  }
  const { data, port, help } = values.data;
  return {
    dataDirectory: data === undefined ? defaults.dataDirectory : resolve(defaults.workingDirectory, data),
    port: port ?? 0,
    opensWindow: values.data['no-open'] !== true,
    firstLine: firstLineOf(values.data),
    wantsHelp: help ?? false,
  };
}

function readWords(words: readonly string[], unknownWords: 'refuse' | 'ignore'): object {
  try {
    return parseArgs({
      args: [...words],
      strict: unknownWords === 'refuse',
      allowPositionals: unknownWords === 'ignore',
      options: {
        data: { type: 'string' },
        port: { type: 'string' },
        'no-open': { type: 'boolean' },
        'passphrase-stdin': { type: 'boolean' },
        'settings-stdin': { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw fail('invalid-input', error instanceof Error ? error.message : 'Unusable arguments.', shellUsage);
  }
}

function firstLineOf(values: z.infer<typeof Values>): ShellArguments['firstLine'] {
  if (values['settings-stdin'] === true && values['passphrase-stdin'] === true)
    throw fail('invalid-input', '--passphrase-stdin and --settings-stdin exclude each other.', shellUsage);
  if (values['settings-stdin'] === true) return 'settings';
  return values['passphrase-stdin'] === true ? 'passphrase' : 'nothing';
}

/** Lines that came before anybody listened for them, at most. */
const maximumEarlyLines = 16;

/** Standard input: the settings in its first line if there are any, then a call for every further line, also for early ones. */
export async function readSettings(
  input: Readable,
  firstLine: ShellArguments['firstLine'],
): Promise<{ readonly settings: ShellSettings; readonly onLine: (listener: () => void) => void }> {
  const lines = createInterface({ input });
  let earlyLines = 0;
  let tell = (): void => {
    earlyLines = Math.min(earlyLines + 1, maximumEarlyLines);
  };
  const onLine = (listener: () => void): void => {
    tell = listener;
    for (; earlyLines > 0; earlyLines -= 1) listener();
  };
  if (firstLine === 'nothing') {
    lines.on('line', () => tell());
    return { settings: {}, onLine };
  }
  const line = await new Promise<string>((settle) => {
    lines.once('line', (text) => {
      settle(text);
      lines.on('line', () => tell());
    });
    lines.once('close', () => settle(''));
  });
  const parsed = ShellSettings.safeParse(firstLine === 'passphrase' ? { passphrase: line } : parseJson(line));
  if (parsed.success) return { settings: parsed.data, onLine };
  const [issue] = parsed.error.issues;
  throw fail(
    'invalid-input',
    `The first line of standard input cannot be used: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}.`,
  );
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
