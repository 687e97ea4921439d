/** An engine that stood still, as a paused virtual machine does, does not blame its cameras. */
import { expect, it } from 'vitest';
import { ManualClock } from '../../unit/engine/ingest/manual-clock.ts';
import { PUSH_NAME, startRtmpServer } from './rtmp-fixture.ts';
import { sceneClip, simulatePublisher } from './simulated.ts';

it('keeps publishers over a standstill of its own, and ends them when they are silent', async () => {
  const clock = new ManualClock();
  await using server = await startRtmpServer({ clock });
  using camera = simulatePublisher(server.port, await sceneClip());
  await camera.start();
  camera.freeze();
  expect(server.points.has(PUSH_NAME)).toBe(true);
  clock.standStill(30_000);
  expect(server.server.status().publishing).toBe(1);
  clock.advance(11_000);
  expect(server.server.status().publishing).toBe(0);
});
