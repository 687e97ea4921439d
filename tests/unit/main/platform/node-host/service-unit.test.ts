import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { volumeRoots } from '../../../../../src/shared/engine-api/index.ts';

const resource = (path: string): string =>
  readFileSync(new URL(`../../../../../${path}`, import.meta.url), 'utf8');
const settings = resource('resources/node/belvedere-engine.service')
  .split('\n')
  .filter((line) => /^[A-Z]\w+=/.test(line));

test('the service may write to its own directory and to the places for volumes, and nowhere else', () => {
  const writable = settings.filter((line) =>
    /^(ReadWritePaths|StateDirectory|ProtectSystem|BindPaths)=/.test(line),
  );

  expect(writable).toEqual([
    'StateDirectory=belvedere',
    'ProtectSystem=strict',
    // A place that a node does not have keeps no service from its start.
    `ReadWritePaths=${volumeRoots.map((path) => `-${path}`).join(' ')}`,
  ]);
});

test('the document says where volumes may be', () => {
  const places = `Below ${volumeRoots
    .map((path) => `\`${path}\``)
    .join(', ')
    .replace(/, (?=[^,]*$)/, ' or ')}:`;

  expect(resource('docs/design/volumes.md')).toContain(places);
});
