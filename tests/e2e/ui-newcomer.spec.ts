import { expect, shownFrames, test } from './scripted-desk/fixture.ts';
import { scripted } from './scripted-desk/handlers.ts';

/** Slow enough that a busy machine sees a step on the way; what follows it may be quick again. */
const slowStepMs = 400;
const quickStepMs = 20;

test('a newcomer finds cameras, adds a node, deploys, assigns and watches', async ({ page, openDesk }) => {
  const { desk, goTo } = await openDesk('demo');

  await test.step('the guide leads to Discover, and nothing was sent before Start scan', async () => {
    await expect(page.getByText('This is a simulated site.')).toBeVisible();
    await page.getByRole('button', { name: 'Discover cameras' }).click();
    await expect(page.getByText('Nothing is sent before you start')).toBeVisible();
    await expect(page.getByText('No cameras found yet')).toBeVisible();
  });

  await test.step('the scan shows progress and fills the lists', async () => {
    desk.stepMs = slowStepMs;
    await page.getByRole('button', { name: 'Start scan' }).first().click();
    await expect(page.getByRole('progressbar', { name: 'Progress of the scan' })).toBeVisible();
    desk.stepMs = quickStepMs;
    await expect(page.getByText('Last scan finished')).toBeVisible();
    await expect(page.getByRole('radio', { name: 'Cameras 12' })).toBeChecked();
  });

  await test.step('a wrong password is refused by each camera, the right one fits', async () => {
    await page.getByRole('checkbox', { name: 'Select all' }).check();
    await page.getByRole('textbox', { name: 'User name' }).fill(scripted.cameraUsername);
    await page.getByRole('textbox', { name: 'Password' }).fill('wrong');
    await page.getByRole('button', { name: 'Try on 12 selected' }).click();
    await expect(page.getByText('Password refused').first()).toBeVisible();
    await expect(page.getByRole('button', { name: 'Add 0 cameras' })).toBeDisabled();
    await page.getByRole('textbox', { name: 'Password' }).fill(scripted.cameraPassword);
    await page.getByRole('button', { name: 'Try on 12 selected' }).click();
    await expect(page.getByText('Ready to add').first()).toBeVisible();
    await page.getByRole('button', { name: 'Add 12 cameras' }).click();
    await expect(page.getByText('12 cameras added')).toBeVisible();
  });

  await test.step('a node is added with its host key seen first', async () => {
    await page.getByText('Nodes 4').click();
    await page.getByRole('button', { name: 'Add node 10.10.0.10:22…' }).click();
    await page.getByRole('button', { name: 'Read host key' }).click();
    await expect(page.getByTestId('host-key')).toContainText('SHA256:');
    await page.getByRole('button', { name: 'Trust this key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'User name' }).fill('engineer');
    await dialog.getByRole('textbox', { name: 'Password' }).fill('wrong');
    await dialog.getByRole('button', { name: 'Continue' }).click();
    await dialog.getByRole('button', { name: 'Add node' }).click();
    await expect(dialog.getByRole('alert')).toContainText('refused the password for engineer');
    await dialog.getByRole('button', { name: 'Back' }).click();
    await dialog.getByRole('textbox', { name: 'Password' }).fill(scripted.nodePassword);
    await dialog.getByRole('button', { name: 'Continue' }).click();
    await dialog.getByRole('button', { name: 'Add node' }).click();
    await page.getByRole('button', { name: 'Deploy the engine' }).click();
  });

  await test.step('the deployment shows its steps, its progress and its log', async () => {
    const drawer = page.getByRole('dialog');
    // Before it begins: on a busy machine the page may draw nothing until quick steps are over.
    desk.stepMs = slowStepMs;
    await drawer.getByRole('button', { name: 'Deploy engine' }).click();
    await expect(drawer.getByText('Running', { exact: true })).toBeVisible();
    await expect(drawer.getByRole('progressbar', { name: 'Progress of this step' })).toBeVisible();
    await expect(drawer.getByRole('log')).toContainText('Upload the engine: part 3.');
    desk.stepMs = quickStepMs;
    await expect(drawer.getByText('Succeeded')).toBeVisible({ timeout: 20_000 });
    await drawer.getByRole('button', { name: 'Close' }).click();
  });

  await test.step('all cameras are assigned at once and record', async () => {
    await goTo('cameras');
    await page.getByRole('checkbox', { name: 'Select all' }).check();
    await page.getByRole('button', { name: 'Assign 12 cameras to…' }).click();
    await page.getByRole('menuitem', { name: 'Recorder 1' }).click();
    await expect(page.getByText('Recording 12', { exact: true })).toBeVisible();
  });

  await test.step('the wall fills and its pictures move', async () => {
    await goTo('live');
    await page.getByRole('button', { name: 'Fill with all cameras' }).click();
    await expect(page.locator('[data-tile-state="playing"]')).toHaveCount(12);
    const before = await shownFrames(page, 'camera-1');
    await expect.poll(async () => shownFrames(page, 'camera-1')).toBeGreaterThan(before + 20);
  });

  await test.step('after a reload everything is still there', async () => {
    await page.reload();
    await expect(page.locator('[data-tile-state="playing"]')).toHaveCount(12);
    await goTo('site');
    await expect(page.getByText('First steps')).toBeHidden();
    await expect(page.getByText('All is well')).toBeVisible();
  });
});

test('a deployment can be cancelled and started again', async ({ page, openDesk }) => {
  const { desk, goTo } = await openDesk('trouble');
  desk.stepMs = slowStepMs;
  await goTo('nodes?node=node-5');
  const drawer = page.getByRole('dialog');
  await expect(drawer.getByRole('alert')).toContainText('Free space there, then try again.');
  await drawer.getByRole('button', { name: 'Try again' }).click();
  await drawer.getByRole('button', { name: 'Cancel' }).click();
  await expect(drawer.getByText('Cancelled', { exact: true })).toBeVisible();
  desk.stepMs = quickStepMs;
  await drawer.getByRole('button', { name: 'Try again' }).click();
  await expect(drawer.getByText('Succeeded')).toBeVisible({ timeout: 20_000 });
});
