import { expect, test } from './scripted-desk/fixture.ts';
import { takeScreenshot } from './screenshots.ts';
import { scripted } from './scripted-desk/handlers.ts';

test('every empty page says what to do next, with a button that does it', async ({ page, openDesk }) => {
  const { goTo } = await openDesk('empty');
  const wayOn = [
    ['site', 'Discover cameras'],
    ['discover', 'Start scan'],
    ['cameras', 'Discover cameras'],
    ['nodes', 'Discover nodes'],
    ['live', 'Discover cameras'],
  ] as const;
  for (const [place, button] of wayOn) {
    await goTo(place);
    await expect(page.locator('main').getByRole('button', { name: button }).last()).toBeEnabled();
  }
});

test('a used link says so and how to get a new one', async ({ page, openDesk, context }) => {
  const { desk } = await openDesk('empty');
  const url = desk.url();
  const first = await context.newPage();
  await first.goto(url);
  await expect(first.getByRole('navigation')).toBeVisible();
  expect(new URL(first.url()).hash).not.toContain('code');
  await page.goto('about:blank');
  const second = await context.newPage();
  await second.goto(url);
  await expect(second.getByRole('alert')).toContainText('This link has expired or was used already.');
  await expect(second.getByRole('alert')).toContainText('Start Belvedere again');
});

test('a desk that goes away is told at once, and as lost after a while', async ({ page, openDesk }) => {
  const { desk } = await openDesk('healthy');
  await expect(page.getByText('Connected', { exact: true })).toBeVisible();
  await page.clock.install();
  await desk.stop();
  await expect(page.getByText('Reconnecting to the desk.')).toBeVisible();
  await expect(page.getByText('Cameras recording')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'The desk is not running' })).toBeHidden();
  await page.clock.fastForward(12_000);
  await expect(page.getByRole('heading', { name: 'The desk is not running' })).toBeVisible();
  await expect(page.getByText('Start Belvedere again.')).toBeVisible();
});

test('a locked vault asks for the passphrase and refuses a wrong one kindly', async ({ page, openDesk }) => {
  await openDesk('locked');
  await page.getByRole('textbox', { name: 'Passphrase' }).fill('not it at all');
  await page.getByRole('button', { name: 'Unlock' }).click();
  await expect(page.getByRole('alert')).toContainText('This is not the passphrase of this site.');
  await page.getByRole('textbox', { name: 'Passphrase' }).fill(scripted.passphrase);
  await page.getByRole('button', { name: 'Unlock' }).click();
  await expect(page.getByText('Vault unlocked')).toBeVisible();
  await expect(page.getByText('Cameras recording')).toBeVisible();
});

test('a first start without a keyring chooses a passphrase', async ({ page, openDesk }) => {
  await openDesk('needs-passphrase');
  const button = page.getByRole('button', { name: 'Protect passwords and begin' });
  await page.getByRole('textbox', { name: 'Passphrase' }).fill('short');
  await expect(page.getByText('At least 8 characters', { exact: true })).toBeVisible();
  await page.getByRole('textbox', { name: 'Passphrase' }).fill(scripted.passphrase);
  await page.getByRole('textbox', { name: 'The same again' }).fill('something else');
  await expect(page.getByText('The two are different')).toBeVisible();
  await expect(button).toBeDisabled();
  await page.getByRole('textbox', { name: 'The same again' }).fill(scripted.passphrase);
  await button.click();
  await expect(page.getByText('First steps')).toBeVisible();
});

test('a thousand cameras stay fluid: few rows in the page, search and bulk work on all', async ({
  page,
  openDesk,
}) => {
  const { goTo } = await openDesk('many');
  await goTo('cameras');
  await expect(page.getByRole('heading', { name: '1,000 cameras' })).toBeVisible();
  const rows = page.getByRole('table', { name: 'Cameras' }).locator('tbody tr[aria-rowindex]');
  expect(await rows.count()).toBeLessThan(50);
  await page.getByRole('searchbox', { name: 'Search' }).fill('10.20.4.30');
  await expect(rows).toHaveCount(1);
  await page.getByRole('searchbox', { name: 'Search' }).fill('');
  await page.getByRole('checkbox', { name: 'Select all' }).check();
  await page.getByRole('button', { name: 'Spread evenly' }).click();
  await expect(page.getByText('1,000 cameras selected')).toBeHidden();
  await goTo('nodes');
  await page.getByRole('button', { name: 'Node', exact: true }).click();
  await expect(page.getByRole('row', { name: /Recorder 30 / })).toContainText('33');
});

test('a failure shows what happened, what to do, and keeps the dialog', async ({ page, openDesk }) => {
  const { goTo } = await openDesk('healthy');
  await goTo('nodes?node=node-1');
  await page.getByRole('button', { name: 'Remove node…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Remove Recorder 1?' });
  await dialog.getByRole('button', { name: 'Remove node' }).click();
  await expect(dialog.getByRole('alert')).toContainText('Assign them to another node first.');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog).toBeHidden();
});

test('a camera is renamed, its password tried, and it is removed', async ({ page, openDesk }) => {
  const { goTo } = await openDesk('healthy');
  await goTo('cameras');
  const choose = async (name: string, item: string): Promise<void> => {
    await page.getByRole('button', { name: `More for ${name}` }).click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await choose('Roof', 'Rename…');
  await page.getByRole('textbox', { name: 'Name' }).fill('Roof mast');
  await page.getByRole('button', { name: 'Save' }).click();
  await choose('Roof mast', 'Change password…');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Password' }).fill('wrong');
  await dialog.getByRole('button', { name: 'Try and save' }).click();
  await expect(dialog.getByRole('alert')).toContainText('The old password is kept.');
  await dialog.getByRole('textbox', { name: 'Password' }).fill(scripted.cameraPassword);
  await dialog.getByRole('button', { name: 'Try and save' }).click();
  await expect(dialog).toBeHidden();
  await choose('Roof mast', 'Remove…');
  await page.getByRole('button', { name: 'Remove 1 camera' }).click();
  await expect(page.getByText('Roof mast', { exact: true })).toBeHidden();
});

test('every volume in trouble is told, with what to do and where footage goes meanwhile', async ({
  page,
  openDesk,
}) => {
  const { goTo } = await openDesk('disks');
  const entry = (title: string) => page.locator('.attention li').filter({ hasText: title });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expect(entry('Recorder 1: Disk missing')).toContainText('New footage goes to bay-1 meanwhile.');
    await expect(entry('Recorder 2: Disk read-only')).toContainText('3 cameras are not recorded.');
    await expect(entry('Recorder 3: Disk does not answer')).toContainText(
      'Check the disk and its connection.',
    );
    await expect(entry('Recorder 3: Disk full')).toContainText('Unlock some, or free space.');
    await expect(entry('Recorder 4: Index does not answer')).toContainText("disk of the engine's directory");
    await expect(entry('camera shows another key than before')).toContainText('for 5 h');
    await expect(entry('camera takes no connection')).toContainText('for 3 h');
    await expect(page.getByRole('link', { name: /^Recorder 4/ })).toContainText('oldest footage goes first');
    await takeScreenshot(page, `disks-site-${colorScheme}`);
    for (const [node, sign] of [
      ['node-1', 'Recording on it begins by itself.'],
      ['node-2', 'mounted read-only'],
      ['node-3', 'has not answered for 5 s'],
      ['node-4', 'and after 30 days'],
    ] as const) {
      await goTo(`nodes?node=${node}`);
      await expect(page.getByRole('dialog').getByText(sign).first()).toBeVisible();
      // However long what is said beside the name.
      const close = page.getByRole('dialog').getByRole('button', { name: 'Close' });
      await expect(close).toBeInViewport({ ratio: 1 });
      await takeScreenshot(page, `disks-${node}-${colorScheme}`);
    }
    await goTo('cameras');
    await expect(page.getByRole('row', { name: /Loading dock/ })).toContainText('another key');
    await takeScreenshot(page, `disks-cameras-${colorScheme}`);
    await goTo('site');
  }
});

test('a camera whose key has changed is trusted again, after a warning', async ({ page, openDesk }) => {
  const { goTo } = await openDesk('disks');
  await goTo('cameras');
  await page.getByRole('button', { name: 'More for Loading dock' }).click();
  await page.getByRole('menuitem', { name: 'Trust new key…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Trust the new key of Loading dock?' });
  await expect(dialog).toContainText('another device may have taken its place');
  await takeScreenshot(page, 'trust-key');
  await dialog.getByRole('button', { name: 'Trust new key' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('row', { name: /Loading dock/ })).toContainText('Recording');
  await page.getByRole('button', { name: 'More for Loading dock' }).click();
  await expect(page.getByRole('menuitem', { name: 'Change password…' })).toBeVisible();
  await expect(page.getByRole('menuitem', { name: 'Trust new key…' })).toBeHidden();
});

test('keyboard: the search leads anywhere, the scheme changes, the site is renamed', async ({
  page,
  openDesk,
}) => {
  const { desk } = await openDesk('healthy');
  await page.keyboard.press('Control+k');
  await expect(page.getByPlaceholder('Go to a page, camera or node')).toBeFocused();
  await page.keyboard.type('Recorder 3');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Recorder 3' })).toBeVisible();
  await page.keyboard.press('Escape');
  const before = await page.locator('html').getAttribute('data-mantine-color-scheme');
  await page.getByRole('button', { name: /colours$/ }).focus();
  await page.keyboard.press('Enter');
  const after = before === 'dark' ? 'light' : 'dark';
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', after);
  await expect.poll(() => desk.world.read().site.colorScheme).toBe(after);
  await page.reload();
  await expect(page.getByRole('navigation')).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', after);
  await page.getByRole('button', { name: 'Harbour Terminal 4: rename this site' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Name of this site' })).toBeFocused();
  await page.keyboard.type('Pier 9');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Pier 9: rename this site' })).toBeVisible();
});

for (const viewport of [
  { width: 1024, height: 640 },
  { width: 2560, height: 1440 },
]) {
  test(`no page is wider than a window of ${viewport.width} x ${viewport.height}`, async ({
    page,
    openDesk,
  }) => {
    await page.setViewportSize(viewport);
    const { goTo } = await openDesk('trouble');
    for (const place of ['site', 'discover', 'cameras', 'nodes', 'live']) {
      await goTo(place);
      await expect(page.locator('h1')).toBeVisible();
      const overflow = await page.evaluate(() =>
        [
          document.documentElement,
          ...document.querySelectorAll('.page, .page__content, .page__bar, .panel__bar'),
        ]
          .filter((element) => element.scrollWidth > element.clientWidth + 1)
          .map((element) => element.className),
      );
      expect({ place, overflow }).toEqual({ place, overflow: [] });
    }
  });
}
