/**
 * Starts simulated cameras by hand: `node src/sim/camera/main.ts --count 12 --seed 1`. Prints one JSON line a camera and runs
 * until SIGINT or SIGTERM. With `--bitrate 4000000` the main streams have that many bits a second and no picture; with
 * `--spread 2000` the cameras start over so many ms, so that their keyframes do not all come at once. The password is not a secret; the cameras answer on loopback only.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { createSimCameras } from '../site/cameras.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    'first-address': { type: 'string', default: '127.20.0.1' },
    username: { type: 'string', default: 'admin' },
    bitrate: { type: 'string' },
    spread: { type: 'string', default: '0' },
  },
});
const credentials = { username: values.username, password: 'demo-camera' };
const cameras = await createSimCameras({
  count: Number(values.count),
  seed: Number(values.seed),
  firstAddress: values['first-address'],
  ...(values.bitrate === undefined ? {} : { mainBitrateBps: Number(values.bitrate) }),
  ...credentials,
});
const startedAtMs = performance.now();
for (const [index, camera] of cameras.entries()) {
  const dueMs = (Number(values.spread) * index) / cameras.length;
  await delay(Math.max(0, startedAtMs + dueMs - performance.now()));
  await camera.start();
  process.stdout.write(`${JSON.stringify({ ...camera.info, ...credentials })}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void Promise.all(cameras.map((camera) => camera.stop()));
  });
}
