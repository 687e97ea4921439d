import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { benchIngest } from './ingest.ts';

/**
 * `npm run bench -- NAME [--cameras N] [--seconds S] [--bitrate BPS] [--bundle FILE] [--json]`. A benchmark measures and never judges; figures that are
 * quoted stand in docs/benchmarks.md with the machine and the command.
 */
const benches = { ingest: benchIngest } as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cameras: { type: 'string', default: '12' },
    seconds: { type: 'string', default: '20' },
    bitrate: { type: 'string' },
    bundle: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const name = positionals[0];
const bench = Object.entries(benches).find(([key]) => key === name)?.[1];
if (bench === undefined) {
  process.stderr.write(
    `no benchmark ${name ?? '(none named)'}; there are: ${Object.keys(benches).join(', ')}\n`,
  );
  process.exit(2);
}
const figures = await bench({
  cameras: Number(values.cameras),
  seconds: Number(values.seconds),
  ...(values.bundle === undefined ? {} : { bundle: values.bundle }),
  ...(values.bitrate === undefined ? {} : { bitrateBps: Number(values.bitrate) }),
});
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  /** Of others too: figures taken on a busy machine are not worth much. */
  loadAverage: loadavg().map((load) => Number(load.toFixed(1))),
};
if (values.json) {
  process.stdout.write(`${JSON.stringify({ name, machine, ...figures })}\n`);
} else {
  process.stdout.write(`${name} on ${machine.cores} x ${machine.cpu}, ${machine.memoryGiB} GiB\n`);
  for (const [figure, value] of Object.entries(figures))
    process.stdout.write(`  ${figure.padEnd(24)} ${value}\n`);
}
