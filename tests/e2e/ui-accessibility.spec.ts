import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './scripted-desk/fixture.ts';
import type { OpenedDesk } from './scripted-desk/fixture.ts';
import { scenarios } from './scripted-desk/scenarios.ts';
import type { ScenarioName } from './scripted-desk/scenarios.ts';

/** A state of the site, where to look at it, and what is there once it is shown. */
type Place = readonly [ScenarioName, string, string];

/** Every page, with as much on it as it can have. */
const pages: readonly Place[] = [
  ['trouble', 'site', 'Needs attention'],
  ['trouble', 'cameras', 'No stream'],
  ['trouble', 'nodes', 'Recorder 5'],
  ['trouble', 'live', 'Node down'],
  ['demo', 'discover', 'Where to look'],
  ['trouble', 'nodes?node=node-5', 'Last deployment'],
];

/** Their other states. Each is looked at in one of the two schemes, and in both with BELVEDERE_TEST_FULL=1. */
const otherStates: readonly Place[] = [
  ['demo', 'site', 'First steps'],
  ['empty', 'cameras', 'No cameras yet'],
  ['empty', 'nodes', 'No nodes yet'],
  ['empty', 'live', 'No cameras yet'],
  ['healthy', 'nodes?node=node-1', 'Identity'],
  ['healthy', 'live', 'Loading dock'],
  ['disks', 'site', 'Disk read-only'],
  ['disks', 'nodes?node=node-1', 'Being checked'],
  ['disks', 'live?camera=camera-4', 'The camera sends G.711'],
  ['disks', 'live?camera=camera-8', 'Car park west'],
  ['locked', 'site', 'Passwords are locked'],
  ['needs-passphrase', 'site', 'Choose a passphrase'],
];
const isFull = process.env['BELVEDERE_TEST_FULL'] === '1';

for (const [turn, colorScheme] of (['dark', 'light'] as const).entries()) {
  test.describe(`${colorScheme} colours`, () => {
    test.use({ colorScheme });

    test('axe finds nothing on any page', async ({ page, openDesk }) => {
      const opened = await openDesk('demo');
      for (const place of pages) await lookAt(page, opened, place);
    });

    test('axe finds nothing in other states of the pages', async ({ page, openDesk }) => {
      const opened = await openDesk('demo');
      const sample = isFull ? otherStates : otherStates.filter((_, index) => index % 2 === turn);
      for (const place of sample) await lookAt(page, opened, place);
    });

    test('axe finds nothing while adding a node', async ({ page, openDesk }) => {
      const { goTo } = await openDesk('empty');
      await goTo('nodes');
      await page.getByRole('button', { name: 'Add node by address…' }).click();
      await page.getByLabel('Management address').fill('10.10.0.20');
      await page.getByRole('button', { name: 'Read host key' }).click();
      await expect(page.getByTestId('host-key')).toContainText('SHA256:');
      await expectNoViolations(page, 'adding a node');
    });
  });
}

async function lookAt(page: Page, { desk, goTo }: OpenedDesk, [scenario, place, sign]: Place): Promise<void> {
  await goTo('site');
  desk.world.update(() => scenarios[scenario]());
  await goTo(place);
  await expect(page.getByText(sign).first()).toBeVisible();
  await expectNoViolations(page, `${place} (${scenario})`);
}

async function expectNoViolations(page: Page, where: string): Promise<void> {
  // Half-faded text has half its contrast, so wait until nothing but endless spinners moves.
  await page.waitForFunction(() =>
    document
      .getAnimations()
      .every(
        (animation) =>
          animation.playState !== 'running' || animation.effect?.getTiming().iterations === Infinity,
      ),
  );
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => ({ id, targets: nodes.map(({ target }) => target) }));
  expect({ where, found }).toEqual({ where, found: [] });
}
