import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { quote, shellCommand, shellScript } from '../../../../../src/main/platform/ssh/index.ts';

const awkward = [
  '',
  ' ',
  "it's",
  "''",
  '$(touch /nonexistent/x)`id`"\\',
  'a\nb\tc',
  '-n',
  '~/x',
  '*?[a]{1,2}!#&|;<>()',
  'Größe 東京',
];

it('leaves plain words as they are', () => {
  expect(shellCommand(['df', '-Pk', '/var/lib/belvedere'])).toBe('df -Pk /var/lib/belvedere');
});

it('quotes everything else', () => {
  expect(awkward.map(quote)).toEqual([
    "''",
    "' '",
    String.raw`'it'\''s'`,
    String.raw`''\'''\'''`,
    `'$(touch /nonexistent/x)\`id\`"\\'`,
    "'a\nb\tc'",
    '-n',
    "'~/x'",
    "'*?[a]{1,2}!#&|;<>()'",
    "'Größe 東京'",
  ]);
});

it('refuses what no shell can hold', () => {
  expect(() => quote('a\0b')).toThrow('NUL');
});

it('gets every word through a real shell unchanged', () => {
  const command = shellScript(String.raw`printf '%s\0' "$@"`, ...awkward);
  const output = execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8' });
  expect(output.split('\0').slice(0, -1)).toEqual(awkward);
});
