/**
 * Starts simulated cameras by hand: `node src/sim/camera/main.ts --count 12 --seed 1`. Prints one JSON line a camera and runs
 * until SIGINT or SIGTERM. With `--bitrate 4000000` the main streams have that many bits a second and no picture. The password is not a secret; the cameras answer on loopback only.
 */

import { parseArgs } from 'node:util';

import { createSimCameras } from '../site/cameras.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    'first-address': { type: 'string', default: '127.20.0.1' },
    username: { type: 'string', default: 'admin' },
    bitrate: { type: 'string' },
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
await Promise.all(cameras.map((camera) => camera.start()));
for (const camera of cameras) {
  process.stdout.write(`${JSON.stringify({ ...camera.info, ...credentials })}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void Promise.all(cameras.map((camera) => camera.stop()));
  });
}
