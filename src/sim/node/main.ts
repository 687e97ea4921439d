import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSimNodes } from './site.ts';

// Starts simulated nodes by hand: node src/sim/node/main.ts --count 2 [--directory DIR] [--port 2222] [--username engineer]

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1' },
    directory: { type: 'string' },
    port: { type: 'string', default: '2222' },
    username: { type: 'string', default: 'engineer' },
  },
});

await using cleanup = new AsyncDisposableStack();
let { directory } = values;
if (directory === undefined) {
  const temporary = await mkdtemp(join(tmpdir(), 'belvedere-nodes-'));
  cleanup.defer(() => rm(temporary, { recursive: true, force: true }));
  directory = temporary;
}
const password = randomBytes(9).toString('base64url');
const nodes = createSimNodes({
  count: Number(values.count),
  directory,
  port: Number(values.port),
  username: values.username,
  password,
});
for (const node of nodes) {
  cleanup.defer(() => node.stop());
  await node.start();
  process.stdout.write(`${node.name}: ssh -p ${node.port} ${values.username}@${node.address}\n`);
}
process.stdout.write(`Password of ${values.username}: ${password}\nCtrl-C stops them.\n`);
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
