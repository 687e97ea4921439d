import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { benchIngest } from './ingest.ts';
import { benchSoak } from './soak.ts';

/**
 * `npm run bench -- NAME [options] [--json]`. A benchmark measures and never judges; figures that are quoted stand in
 * docs/benchmarks.md with the machine and the command.
 *
 *     ingest  --cameras N --seconds S --bitrate BPS --pace frame|packet --h265 --rtmp --viewers N --compare ffmpeg --bundle FILE [--share-runtime]
 *     soak    --minutes N --bitrate BPS --bundle FILE
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cameras: { type: 'string', default: '40' },
    seconds: { type: 'string', default: '30' },
    bitrate: { type: 'string', default: '4000000' },
    pace: { type: 'string', default: 'frame' },
    h265: { type: 'boolean', default: false },
    rtmp: { type: 'boolean', default: false },
    viewers: { type: 'string', default: '0' },
    compare: { type: 'string' },
    bundle: { type: 'string' },
    'share-runtime': { type: 'boolean', default: false },
    minutes: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
});

const bundle = values.bundle === undefined ? {} : { bundle: values.bundle };

const benches: Readonly<Record<string, () => Promise<object>>> = {
  ingest: () =>
    benchIngest({
      cameras: Number(values.cameras),
      seconds: Number(values.seconds),
      bitrateBps: Number(values.bitrate),
      codec: values.h265 ? 'h265' : 'h264',
      protocol: values.rtmp ? 'rtmp' : 'rtsp',
      pace: values.pace === 'packet' ? 'packet' : 'frame',
      viewers: Number(values.viewers),
      sharesRuntime: values['share-runtime'],
      compare: values.compare === 'ffmpeg',
      ...bundle,
    }),
  soak: () => benchSoak({ minutes: Number(values.minutes), bitrateBps: Number(values.bitrate), ...bundle }),
};

const name = positionals[0] ?? '(none named)';
const bench = benches[name];
if (bench === undefined) {
  process.stderr.write(`no benchmark ${name}; there are: ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}
const figures = await bench();
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
  for (const [figure, value] of Object.entries(figures)) {
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    process.stdout.write(`  ${figure.padEnd(24)} ${text}\n`);
  }
}
