import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { defaultDataDirectory } from '../../../../src/main/shell/default-data-directory.ts';
import { parseShellArguments, readSettings } from '../../../../src/main/shell/shell-arguments.ts';

const defaults = { dataDirectory: '/default', workingDirectory: '/here', unknownWords: 'refuse' } as const;

describe('the command line', () => {
  it('may be empty', () => {
    expect(parseShellArguments([], defaults)).toEqual({
      dataDirectory: '/default',
      port: 0,
      opensWindow: true,
      firstLine: 'nothing',
      wantsHelp: false,
    });
  });

  it('says everything there is to say', () => {
    const words = ['--data', 'site', '--port', '4711', '--no-open', '--settings-stdin', '--help'];
    expect(parseShellArguments(words, defaults)).toEqual({
      dataDirectory: '/here/site',
      port: 4711,
      opensWindow: false,
      firstLine: 'settings',
      wantsHelp: true,
    });
  });

  it.each([
    [['--port', '0'], /^--port: Too small/],
    [['--port', '80a'], /^--port: a number from 1 to 65535/],
    [['--data', ''], /^--data: /],
    [['--data'], /--data/],
    [['extra'], /extra/],
    [['--passphrase', 'x'], /--passphrase/],
  ])('is refused with the word that is wrong: %j', (words, sentence) => {
    expect(() => parseShellArguments(words, defaults)).toThrow(sentence);
  });
});

describe('settings on standard input', () => {
  it('are the first line, and every further line is a call', async () => {
    const input = new PassThrough();
    input.write('{"passphrase":"correct horse"}\n');
    const { settings, onLine } = await readSettings(input, 'settings');
    expect(settings).toEqual({ passphrase: 'correct horse' });
    const called = new Promise<void>((resolve) => onLine(resolve));
    input.write('\n');
    await called;
  });

  it('loses no line that came before anybody listened', async () => {
    const input = new PassThrough();
    input.write('{"passphrase":"correct horse"}\n\n\n');
    const { onLine } = await readSettings(input, 'settings');
    let calls = 0;
    onLine(() => void (calls += 1));
    expect(calls).toBe(2);
  });

  it.each([
    ['passphrase', 'short'],
    ['settings', 'no JSON'],
    ['settings', '{"passphrase":1}'],
    ['settings', '{"discoveryScope":{"interfaces":["a b"],"nodeRanges":[]}}'],
  ] as const)('are refused as %s without being repeated: %s', async (firstLine, line) => {
    const input = new PassThrough();
    input.end(`${line}\n`);
    const thrown = await readSettings(input, firstLine).catch((error: unknown) => error);
    expect(String(thrown)).toMatch(/^DeskError: The first line of standard input cannot be used/);
    expect(String(thrown)).not.toContain(line);
  });

  it('are missing when the input ends', async () => {
    const input = new PassThrough();
    input.end();
    await expect(readSettings(input, 'passphrase')).rejects.toThrow(/cannot be used: passphrase/);
  });
});

it.each([
  ['linux', {}, '/home/ada/.local/share/belvedere/site'],
  ['linux', { XDG_DATA_HOME: '/data' }, '/data/belvedere/site'],
  ['linux', { XDG_DATA_HOME: 'relative' }, '/home/ada/.local/share/belvedere/site'],
  ['darwin', {}, '/home/ada/Library/Application Support/Belvedere/site'],
] as const)('keeps data on %s with %j in %s', (platform, environment, directory) => {
  expect(defaultDataDirectory({ platform, environment, homeDirectory: '/home/ada' })).toBe(directory);
});
