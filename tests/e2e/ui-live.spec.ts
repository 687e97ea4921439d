import { expect, shownFrames, test } from './scripted-desk/fixture.ts';
import { withSound } from './scripted-desk/scenarios.ts';

const playing = '[data-tile-state="playing"]';

test('nine tiles play, and the wall keeps its layout', async ({ page, openDesk }) => {
  const { desk, goTo } = await openDesk('healthy');
  await goTo('live');
  await expect(page.locator(playing)).toHaveCount(9);
  await page.getByText('16', { exact: true }).click();
  await expect.poll(() => desk.world.read().wall.tileCount).toBe(16);
  await page.getByRole('button', { name: 'List of cameras' }).click();
  await page.getByRole('button', { name: 'Roof' }).click();
  await expect.poll(() => desk.world.read().wall.cameraIds[9]).toBe('camera-12');
  await page.reload();
  await expect(page.locator('video[data-camera-id="camera-12"]')).toBeVisible();
});

test('Enter shows one camera alone and Escape goes back', async ({ page, openDesk }) => {
  const { goTo } = await openDesk('healthy');
  await goTo('live');
  await page.getByRole('group', { name: 'Gate north, Recording' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('group', { name: 'Server room, Recording' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('video')).toHaveCount(1);
  await expect(page.locator('video')).toHaveAttribute('data-camera-id', 'camera-6');
  await page.keyboard.press('Escape');
  await expect(page.locator('video')).toHaveCount(9);
});

test('a tile is dragged to another place', async ({ page, openDesk }) => {
  const { desk, goTo } = await openDesk('healthy');
  await goTo('live');
  await page
    .getByRole('group', { name: 'Loading dock, Recording' })
    .dragTo(page.getByRole('group', { name: 'Gate south, Recording' }));
  await expect
    .poll(() => desk.world.read().wall.cameraIds.slice(0, 3))
    .toEqual(['camera-3', 'camera-2', 'camera-1']);
});

test('the pages beyond the first show the cameras that have no place', async ({ page, openDesk }) => {
  const { goTo } = await openDesk('healthy');
  await goTo('live');
  await expect(page.getByText('1 of 2')).toBeVisible();
  await page.getByRole('button', { name: 'Next page' }).click();
  await expect(page.locator('video')).toHaveCount(3);
  await expect(page.locator('video').first()).toHaveAttribute('data-camera-id', 'camera-12');
});

test('a picture that stands still is marked with its age, and comes back', async ({ page, openDesk }) => {
  const { desk, goTo } = await openDesk('healthy');
  await goTo('live?camera=camera-1');
  await expect(page.locator(playing)).toHaveCount(1);
  desk.feed.mode = 'frozen';
  await expect(page.getByText(/^Frozen for/)).toBeVisible();
  desk.feed.mode = 'playing';
  await expect(page.getByText(/^Frozen for/)).toBeHidden();
  await expect(page.locator(playing)).toHaveCount(1);
});

test('a stream that ends says so and is opened again by itself', async ({ page, openDesk }) => {
  const { desk, goTo } = await openDesk('healthy');
  await goTo('live?camera=camera-1');
  await expect(page.locator(playing)).toHaveCount(1);
  desk.feed.mode = 'closing';
  await expect(page.getByText('The camera’s stream ended.')).toBeVisible();
  await expect(page.getByText(/^Trying again in \d+ s$/)).toBeVisible();
  desk.feed.mode = 'playing';
  await expect(page.locator(playing)).toHaveCount(1);
  const before = await shownFrames(page, 'camera-1');
  await expect.poll(async () => shownFrames(page, 'camera-1')).toBeGreaterThan(before + 10);
});

test('a refusal of the desk stands on the tile in its own words', async ({ page, openDesk }) => {
  const { goTo } = await openDesk('trouble');
  await goTo('live?camera=camera-3');
  await expect(page.getByText('The node of Gate south does not answer.')).toBeVisible();
});

test('the single view plays sound on request, and says why where it cannot', async ({ page, openDesk }) => {
  const { goTo } = await openDesk('disks');
  await goTo('live?camera=camera-8');
  const isMuted = async () =>
    page.locator('video').evaluate((video) => video instanceof HTMLVideoElement && video.muted);
  const turn = (to: string) => page.getByRole('button', { name: `Turn the sound of Car park west ${to}` });
  await turn('on').click();
  expect(await isMuted()).toBe(false);
  await turn('off').click();
  expect(await isMuted()).toBe(true);
  await goTo('live?camera=camera-4');
  await expect(page.getByText(/^The camera sends G.711 mu-law sound/)).toBeVisible();
  await expect(page.getByRole('button', { name: /^Turn the sound/ })).toHaveCount(0);
});

test('the node converts sound that pages cannot play, and only while somebody listens', async ({
  page,
  openDesk,
}) => {
  const { desk, goTo } = await openDesk('healthy');
  desk.world.update((world) => ({
    ...world,
    cameraHealth: world.cameraHealth.map((health) => withSound(health, { kind: 'on-request' })),
  }));
  await goTo('live?camera=camera-1');
  await expect(page.locator(playing)).toHaveCount(1);
  expect(desk.converted).toEqual([]);
  await page.getByRole('button', { name: /^Turn the sound of .* on$/ }).click();
  await expect.poll(() => desk.converted).toEqual(['camera-1']);
  await expect(page.locator(playing)).toHaveCount(1);
  await page.getByRole('button', { name: /^Turn the sound of .* off$/ }).click();
  await expect(page.locator(playing)).toHaveCount(1);
  expect(desk.converted).toEqual(['camera-1']);
});

test('a node that cannot convert the sound says why, while somebody wants to hear it', async ({
  page,
  openDesk,
}) => {
  const { desk, goTo } = await openDesk('healthy');
  desk.world.update((world) => ({
    ...world,
    cameraHealth: world.cameraHealth.map((health) => withSound(health, { kind: 'on-request' })),
  }));
  const reason = 'This engine converts the sound of 16 streams at a time.';
  desk.feed.soundObstacle = reason;
  await goTo('live?camera=camera-1');
  await expect(page.locator(playing)).toHaveCount(1);
  await expect(page.getByText(reason)).toBeHidden();
  await page.getByRole('button', { name: /^Turn the sound of .* on$/ }).click();
  await expect(page.getByText(reason)).toBeVisible();
  await expect(page.locator(playing)).toHaveCount(1);
  await page.getByRole('button', { name: /^Turn the sound of .* off$/ }).click();
  await expect(page.getByText(reason)).toBeHidden();
});

test('the statistics show rate and delay', async ({ page, openDesk }) => {
  const { goTo } = await openDesk('healthy');
  await goTo('live?camera=camera-1');
  await expect(page.locator(playing)).toHaveCount(1);
  await page.keyboard.press('s');
  await expect(page.getByText('main 640 × 360')).toBeVisible();
  await expect(page.getByText(/fps · /)).toBeVisible();
});

test('shortcuts work right after the number of tiles was chosen, and are text in the search', async ({
  page,
  openDesk,
}) => {
  const { goTo } = await openDesk('healthy');
  await goTo('live');
  await page.getByLabel('Number of tiles').getByText('4', { exact: true }).click();
  await expect(page.locator(playing)).toHaveCount(4);
  await page.keyboard.press('s');
  await expect(page.getByText(/fps · /)).toHaveCount(4);
  await page.getByRole('button', { name: 'List of cameras' }).click();
  await page.getByRole('searchbox').pressSequentially('ss');
  await expect(page.getByRole('searchbox')).toHaveValue('ss');
  await expect(page.getByText(/fps · /)).toHaveCount(4);
});
