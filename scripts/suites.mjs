// Runs named suites and closes with one line over all of them: `N passed, N failed, N skipped`.
//
//   node scripts/suites.mjs check        format, lint, types, unused, layers, unit
//   node scripts/suites.mjs test         check, integration, contract, e2e; long suites sampled
//   node scripts/suites.mjs full         the same, nothing sampled
//
// With CI=true a skipped test counts as a failure: what CI can run must run there.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** @typedef {{ passed: number, failed: number, skipped: number, notes: string[] }} Tally */
/**
 * `isBrief`: its lines are printed when it has failed. `isAlone`: in a network namespace of its own, so that another beside it
 * meets neither its ports nor its multicast.
 * @typedef {{ name: string, command: string[], report?: string, read?: (text: string) => Tally, isBrief?: boolean, isAlone?: boolean }} Suite
 */

const reports = join('out', 'test');
const plan = process.argv[2] ?? 'test';

/** @param {string} project @param {string} [shard] as in `1/4` @returns {Suite} */
function vitest(project, shard) {
  const report = join(reports, `${project}${shard === undefined ? '' : `-${shard.replace('/', '-')}`}.json`);
  return {
    name: shard === undefined ? project : `${project} ${shard}`,
    command: [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project',
      project,
      ...(shard === undefined ? [] : ['--shard', shard]),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    report,
    read: readVitest,
    isAlone: shard !== undefined,
  };
}

/** Static checks count as one each. @type {Suite[]} */
const statics = [
  { name: 'types', command: ['scripts/check-types.mjs'], isBrief: true },
  {
    name: 'lint',
    command: ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings'],
    isBrief: true,
  },
  { name: 'format', command: ['node_modules/oxfmt/bin/oxfmt', '--check', '.'], isBrief: true },
  { name: 'unused', command: ['node_modules/knip/bin/knip.js'], isBrief: true },
  { name: 'layers', command: ['scripts/check-layers.mjs'], isBrief: true },
];
const unit = vitest('unit');
/** They wait more than they work: two at a time, in parts of even length. */
const integration = ['1/4', '2/4', '3/4', '4/4'].map((shard) => vitest('integration', shard));
/** @type {Suite[]} */
const rest = [
  vitest('contract'),
  {
    name: 'e2e',
    command: ['node_modules/@playwright/test/cli.js', 'test'],
    report: join(reports, 'e2e.json'),
    read: readPlaywright,
  },
];

const environment = {
  ...process.env,
  ...(plan === 'full' ? { BELVEDERE_TEST_FULL: '1' } : {}),
  FORCE_COLOR: '0',
};
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

/** @type {Tally} */
const total = { passed: 0, failed: 0, skipped: 0, notes: [] };
await runAll(statics, 2);
await runAll([unit], 1);
if (plan !== 'check') {
  await runAll(integration, canBeAlone() ? 2 : 1);
  await runAll(rest, 1);
}

for (const note of total.notes) print(note);
if (process.env['CI'] === 'true' && total.skipped > 0) {
  print(`${total.skipped} skipped: in CI everything must run, so each counts as failed`);
  total.failed += total.skipped;
  total.skipped = 0;
}
print(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);

/** @param {readonly Suite[]} suites in order @param {number} lanes how many at a time */
async function runAll(suites, lanes) {
  const waiting = [...suites];
  await Promise.all(Array.from({ length: lanes }, () => runLane(waiting, lanes > 1)));
}

/** @param {Suite[]} waiting shared with other lanes @param {boolean} isBeside */
async function runLane(waiting, isBeside) {
  for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) {
    const started = performance.now();
    const code = await run(suite, isBeside);
    const tally = tallyOf(suite, code);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    print(
      `== ${suite.name}: ${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped in ${seconds} s`,
    );
    total.passed += tally.passed;
    total.failed += tally.failed;
    total.skipped += tally.skipped;
    total.notes.push(...tally.notes.map((note) => `${suite.name}: ${note}`));
  }
}

/** @param {Suite} suite @param {boolean} isBeside @returns {Promise<number>} its exit code */
async function run(suite, isBeside) {
  const node = [process.execPath, ...suite.command];
  const [program = '', ...parameters] =
    isBeside && suite.isAlone
      ? ['unshare', '--net', '--', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...node]
      : node;
  const child = spawn(program, parameters, {
    stdio: isBeside ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    env: environment,
  });
  /** @type {Promise<number>} */
  const ended = new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
  /** @type {string[]} */
  const kept = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    // Whole lines with the suite's name, so that those of two suites can be told apart.
    createInterface({ input: stream }).on('line', (line) => {
      if (suite.isBrief) kept.push(line);
      else print(`[${suite.name}] ${line}`);
    });
  }
  const code = await ended;
  if (code !== 0) for (const line of kept) print(line);
  return code;
}

/** Whether suites can have networks of their own: as root, on Linux. */
function canBeAlone() {
  return spawnSync('unshare', ['--net', '--', 'ip', 'link', 'set', 'lo', 'up']).status === 0;
}

/** @param {Suite} suite @param {number} code @returns {Tally} */
function tallyOf(suite, code) {
  if (suite.read === undefined || suite.report === undefined) {
    return {
      passed: code === 0 ? 1 : 0,
      failed: code === 0 ? 0 : 1,
      skipped: 0,
      notes: code === 0 ? [] : ['failed'],
    };
  }
  if (!existsSync(suite.report))
    return { passed: 0, failed: 1, skipped: 0, notes: [`wrote no report (exit code ${code})`] };
  const tally = suite.read(readFileSync(suite.report, 'utf8'));
  if (code !== 0 && tally.failed === 0) {
    tally.failed += 1;
    tally.notes.push(`exit code ${code} with no failed test: an error outside of tests`);
  }
  if (tally.passed + tally.failed === 0) {
    tally.failed += 1;
    tally.notes.push('ran no test');
  }
  return tally;
}

/** @param {string} text @returns {Tally} */
function readVitest(text) {
  const report = JSON.parse(text);
  const notes = [];
  for (const file of report.testResults) {
    for (const test of file.assertionResults) {
      if (test.status === 'failed') notes.push(`FAILED ${test.fullName}`);
      if (test.status === 'pending' || test.status === 'skipped') notes.push(`skipped ${test.fullName}`);
    }
    if (file.status === 'failed' && file.assertionResults.length === 0)
      notes.push(`FAILED to load ${file.name}`);
  }
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
    notes,
  };
}

/** @param {string} text @returns {Tally} */
function readPlaywright(text) {
  const { stats, errors } = JSON.parse(text);
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky + errors.length,
    skipped: stats.skipped,
    notes: errors.map((/** @type {{ message?: string }} */ error) => error.message ?? 'error'),
  };
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}
