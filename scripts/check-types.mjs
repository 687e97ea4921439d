// Type-checks every layer with its own tsconfig, so that a layer sees only the globals it may use.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

const projects = [
  'src/shared',
  'src/engine',
  'src/main',
  'src/preload',
  'src/renderer',
  'src/sim',
  'scripts',
  'tests',
];

/** @param {string} project @returns {Promise<number>} */
const check = (project) =>
  new Promise((resolve) => {
    const tsc = spawn('tsc', ['--noEmit', '-p', project], { stdio: 'inherit' });
    tsc.on('close', (code) => resolve(code ?? 1));
  });

const queue = [...projects];
let failed = 0;
await Promise.all(
  Array.from({ length: Math.min(2, availableParallelism()) }, async () => {
    for (let project = queue.shift(); project; project = queue.shift()) {
      if ((await check(project)) !== 0) failed += 1;
    }
  }),
);
process.exit(failed === 0 ? 0 : 1);
