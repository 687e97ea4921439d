// Runs named suites and closes with one line over all of them: `N passed, N failed, N skipped`.
//
//   node scripts/suites.mjs check        format, lint, types, unused, layers, unit
//   node scripts/suites.mjs test         check, integration, contract, e2e; long suites sampled
//   node scripts/suites.mjs full         the same, nothing sampled
//
// With CI=true a skipped test counts as a failure: what CI can run must run there.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {{ passed: number, failed: number, skipped: number, notes: string[] }} Tally */
/** @typedef {{ name: string, command: string[], report?: string, read?: (text: string) => Tally, beside?: boolean }} Suite */

const reports = join('out', 'test');
const plan = process.argv[2] ?? 'test';

/** @param {string} project @returns {Suite} */
const vitest = (project) => ({
  name: project,
  command: [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${join(reports, `${project}.json`)}`,
  ],
  report: join(reports, `${project}.json`),
  read: readVitest,
});

/** Static checks count as one each. `beside`: may run beside another one. @type {Suite[]} */
const check = [
  { name: 'format', command: ['node_modules/oxfmt/bin/oxfmt', '--check', '.'], beside: true },
  {
    name: 'lint',
    command: ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings'],
    beside: true,
  },
  { name: 'types', command: ['scripts/check-types.mjs'], beside: true },
  { name: 'unused', command: ['node_modules/knip/bin/knip.js'], beside: true },
  { name: 'layers', command: ['scripts/check-layers.mjs'], beside: true },
  vitest('unit'),
];

/** @type {Suite[]} */
const rest = [
  vitest('integration'),
  vitest('contract'),
  {
    name: 'e2e',
    command: ['node_modules/@playwright/test/cli.js', 'test'],
    report: join(reports, 'e2e.json'),
    read: readPlaywright,
  },
];

const suites = plan === 'check' ? check : [...check, ...rest];
const environment = {
  ...process.env,
  ...(plan === 'full' ? { BELVEDERE_TEST_FULL: '1' } : {}),
  FORCE_COLOR: '0',
};
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

/** @type {Tally} */
const total = { passed: 0, failed: 0, skipped: 0, notes: [] };
const parallel = suites.filter((suite) => suite.beside);
await Promise.all([
  runQueue(parallel.filter((_, index) => index % 2 === 0)),
  runQueue(parallel.filter((_, index) => index % 2 === 1)),
]);
await runQueue(suites.filter((suite) => !suite.beside));

for (const note of total.notes) print(note);
if (process.env['CI'] === 'true' && total.skipped > 0) {
  print(`${total.skipped} skipped: in CI everything must run, so each counts as failed`);
  total.failed += total.skipped;
  total.skipped = 0;
}
print(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);

/** @param {Suite[]} queue */
async function runQueue(queue) {
  for (const suite of queue) {
    const started = performance.now();
    const { code, output } = await run(suite);
    const tally = tallyOf(suite, code);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    // Suites that run beside each other print when they end, so that their lines do not mix.
    if (suite.beside && code !== 0) process.stdout.write(output);
    print(
      `== ${suite.name}: ${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped in ${seconds} s`,
    );
    total.passed += tally.passed;
    total.failed += tally.failed;
    total.skipped += tally.skipped;
    total.notes.push(...tally.notes.map((note) => `${suite.name}: ${note}`));
  }
}

/** @param {Suite} suite @returns {Promise<{ code: number, output: string }>} */
function run(suite) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, suite.command, {
      stdio: suite.beside ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
      env: environment,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
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
