import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from './scripted-desk/fixture.ts';
import type { ScenarioName } from './scripted-desk/scenarios.ts';

const places: readonly (readonly [ScenarioName, string, string])[] = [
  ['demo', 'site', 'First steps'],
  ['empty', 'discover', 'Where to look'],
  ['empty', 'cameras', 'No cameras yet'],
  ['empty', 'nodes', 'No nodes yet'],
  ['empty', 'live', 'No cameras yet'],
  ['trouble', 'site', 'Needs attention'],
  ['trouble', 'cameras', 'Waiting for stream'],
  ['trouble', 'nodes', 'Recorder 5'],
  ['trouble', 'nodes?node=node-5', 'Last deployment'],
  ['healthy', 'nodes?node=node-1', 'Identity'],
  ['healthy', 'live', 'Loading dock'],
  ['trouble', 'live', 'Node down'],
  ['locked', 'site', 'Passwords are locked'],
  ['needs-passphrase', 'site', 'Choose a passphrase'],
];

for (const colorScheme of ['dark', 'light'] as const) {
  test.describe(`${colorScheme} colours`, () => {
    test.use({ colorScheme });

    for (const [scenario, place, sign] of places) {
      test(`axe finds nothing on ${place} (${scenario})`, async ({ page, openDesk }) => {
        const { goTo } = await openDesk(scenario);
        await goTo(place);
        await expect(page.getByText(sign).first()).toBeVisible();
        await settled(page);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(
          violations.map(({ id, nodes }) => ({ id, targets: nodes.map(({ target }) => target) })),
        ).toEqual([]);
      });
    }

    test('axe finds nothing while adding a node', async ({ page, openDesk }) => {
      const { goTo } = await openDesk('empty');
      await goTo('nodes');
      await page.getByRole('button', { name: 'Add node by address…' }).click();
      await page.getByLabel('Management address').fill('10.10.0.20');
      await page.getByRole('button', { name: 'Read host key' }).click();
      await expect(page.getByTestId('host-key')).toContainText('SHA256:');
      await settled(page);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => ({ id, targets: nodes.map(({ target }) => target) }))).toEqual(
        [],
      );
    });
  });
}

/** Half-faded text has half its contrast, so wait until nothing but endless spinners moves. */
async function settled(page: Parameters<Parameters<typeof test>[2]>[0]['page']): Promise<void> {
  await page.waitForFunction(() =>
    document
      .getAnimations()
      .every(
        (animation) =>
          animation.playState !== 'running' || animation.effect?.getTiming().iterations === Infinity,
      ),
  );
}
