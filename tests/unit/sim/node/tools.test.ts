import { expect, it } from 'vitest';
import { bootCommands } from '../../../../src/sim/node/tools.ts';

it('finds what a crontab starts at boot', () => {
  expect(
    bootCommands('# @reboot no\n@reboot sh "$HOME/a b"  \n5 4 * * * x\n@reboot\n@rebootx y\n@reboot\tz'),
  ).toEqual(['sh "$HOME/a b"', 'z']);
});
