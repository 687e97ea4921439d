import Database from 'better-sqlite3';
import { appendFile, chmod, mkdir, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fsck } from '../../src/engine/cli/fsck.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { engineLayout, makeDirectories, type EngineLayout } from '../../src/engine/platform/layout.ts';
import { openKnownVolumes } from '../../src/engine/platform/known-volumes.ts';
import { readOrMakeNodeId } from '../../src/engine/platform/node-identity.ts';
import type { Sample } from '../../src/engine/media/sample.ts';
import { createRecorder } from '../../src/engine/recording/index.ts';
import {
  createSegmentStore,
  openLocalVolume,
  openLocalVolumeMarker,
  openSqliteSegmentIndex,
} from '../../src/engine/storage/index.ts';
import { defaultVolumeName, type FootageLock } from '../../src/shared/engine-api/index.ts';
import {
  syntheticStream,
  type SyntheticStream as Stream,
} from '../unit/engine/recording/synthetic-stream.ts';
import { EngineProcess, runEngineCommand } from './engine-process.ts';
import { temporaryDirectory } from './recording-fixture.ts';
import { quietLog, testStorageLimits } from './storage-fixture.ts';

const Finding = z.object({
  kind: z.string(),
  volume: z.string(),
  file: z.string(),
  detail: z.string(),
  repaired: z.boolean(),
});
const Summary = z.object({
  volumes: z.int(),
  files: z.int(),
  bytes: z.int(),
  rows: z.int(),
  strangers: z.int(),
  findings: z.int(),
  repaired: z.int(),
});
const Row = z.looseObject({ id: z.int(), file_path: z.string(), byte_length: z.int(), content: z.string() });
type Row = z.infer<typeof Row>;

interface Verdict {
  readonly exitCode: number;
  readonly findings: readonly z.infer<typeof Finding>[];
  readonly summary: z.infer<typeof Summary>;
}

const seconds = 9;

function streamWithSound(): Stream {
  return syntheticStream({ seed: 0, seconds, withAudio: true });
}

/** G.711 and metadata have files of their own. */
function streamWithFilesBeside(): Stream {
  const { description, samples } = syntheticStream({ seed: 1, seconds });
  const packets = Array.from({ length: seconds * 50 }, (_, number) =>
    sampleAt('audio', { data: new Uint8Array(160).fill(number), dts90k: number * 1800 + 400 }),
  );
  const documents = Array.from({ length: seconds }, (_, number) =>
    sampleAt('metadata', {
      data: Buffer.from(`<document>${number}</document>`),
      dts90k: number * 90_000 + 9000,
    }),
  );
  return {
    description: {
      ...description,
      audio: { kind: 'audio', codec: 'pcmu', sampleRate: 8000, channels: 1 },
      metadata: { kind: 'metadata', codec: 'onvif' },
    },
    samples: [...samples, ...packets, ...documents].sort((one, other) => one.dts90k - other.dts90k),
  };
}

function sampleAt(
  track: Sample['track'],
  { data, dts90k }: { readonly data: Uint8Array; readonly dts90k: number },
): Sample {
  const ms = dts90k / 90;
  return {
    track,
    data,
    dts90k,
    pts90k: dts90k,
    isSync: true,
    arrivalMonotonicMs: 1000 + ms,
    utcMs: 1_700_000_000_000 + ms,
  };
}

/** Records two cameras as an engine of the directory would. */
async function record(layout: EngineLayout): Promise<void> {
  makeDirectories(layout);
  const index = openSqliteSegmentIndex(layout.index);
  const store = createSegmentStore({
    config: {
      volumes: [{ name: defaultVolumeName, path: layout.recordings, reserveBytes: 0 }],
      cameras: new Map(),
    },
    nodeId: readOrMakeNodeId(layout),
    access: ({ path }) => ({ volume: openLocalVolume(path), marker: openLocalVolumeMarker(path) }),
    known: openKnownVolumes(layout),
    firstVolumePath: layout.recordings,
    index,
    clock: createSystemClock(),
    log: quietLog,
    bootId: 'boot-of-the-test',
    clockOffsetMs: () => -12.5,
    limits: testStorageLimits,
  });
  await store.start();
  await store.reconciled();
  for (const [seed, cameraId] of ['gate', 'yard'].entries()) {
    const { description, samples } = seed === 0 ? streamWithSound() : streamWithFilesBeside();
    const recorder = createRecorder({
      cameraId,
      store,
      clock: createSystemClock(),
      log: quietLog,
      limits: { segmentDurationMs: 2000, maximumQueuedBytes: 1024 ** 3, stopPatienceMs: 30_000 },
    });
    recorder.onDescription(description);
    for (const sample of samples) recorder.onSample(sample);
    await recorder.stop();
  }
  await store.stop();
  await index.close();
}

describe('fsck', () => {
  let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
  let layout: EngineLayout;
  /** As recorded, in order of their paths. */
  let recorded: readonly Row[];

  beforeEach(async () => {
    folder = await temporaryDirectory();
    layout = engineLayout(join(folder.path, 'engine'));
    await record(layout);
    recorded = rows();
    const contents = new Set(recorded.map(({ content }) => content));
    if (recorded.length < 14 || contents.size < 3) throw new Error('Too few segments.');
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  function query(sql: string): unknown[] {
    const database = new Database(layout.index);
    try {
      return /^select/i.test(sql) ? database.prepare(sql).all() : [database.prepare(sql).run().changes];
    } finally {
      database.close();
    }
  }
  const rows = (): Row[] => z.array(Row).parse(query('SELECT * FROM segments ORDER BY file_path'));
  const row = (position: number): Row => {
    const found = recorded[position];
    if (found === undefined) throw new Error('Too few segments.');
    return found;
  };
  const pathOf = (position: number): string => join(layout.recordings, row(position).file_path);

  async function check({ repairs = false } = {}): Promise<Verdict> {
    const lines: string[] = [];
    const exitCode = await fsck({
      directory: layout.root,
      repairs,
      json: true,
      print: (line) => void lines.push(line),
    });
    const parsed = lines.map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
    return {
      exitCode,
      findings: parsed.slice(0, -1).map(({ finding }) => Finding.parse(finding)),
      summary: Summary.parse(parsed.at(-1)?.['summary']),
    };
  }

  it('finds nothing in what was recorded in an orderly way', async () => {
    const verdict = await check();

    expect(verdict).toEqual({
      exitCode: 0,
      findings: [],
      summary: {
        volumes: 1,
        files: recorded.length,
        bytes: recorded.reduce((sum, { byte_length: bytes }) => sum + bytes, 0),
        rows: recorded.length,
        strangers: 0,
        findings: 0,
        repaired: 0,
      },
    });
  });

  it.each(['missing', 'damaged'] as const)(
    'rebuilds an index that is %s, row by row as it was',
    async (how) => {
      for (const suffix of ['', '-wal', '-shm']) await rm(`${layout.index}${suffix}`, { force: true });
      if (how === 'damaged') await writeFile(layout.index, 'not a database'.repeat(1000));

      const looked = await check();
      expect(looked.exitCode).toBe(10);
      expect(looked.findings.map(({ kind }) => kind)).toEqual([
        `index-${how}`,
        ...recorded.map(() => 'unindexed-file'),
      ]);
      expect(looked.summary.repaired).toBe(0);

      const repaired = await check({ repairs: true });
      expect([repaired.exitCode, repaired.summary.repaired]).toEqual([11, recorded.length + 1]);
      expect(rows().map((one) => ({ ...one, id: 0 }))).toEqual(recorded.map((one) => ({ ...one, id: 0 })));
      expect((await check()).exitCode).toBe(0);
      const aside = await readFile(`${layout.index}.damaged`, 'utf8').catch(() => 'nothing');
      expect(aside.slice(0, 14)).toBe(how === 'damaged' ? 'not a database' : 'nothing');
    },
  );

  it('finds an index that contradicts itself', async () => {
    const pages = await open(layout.index, 'r+');
    const { size } = await pages.stat();
    await pages.write(Buffer.alloc(4096, 0x5a), 0, 4096, Math.floor(size / 8192) * 4096);
    await pages.close();

    const looked = await check();
    expect(looked.findings[0]).toMatchObject({ kind: 'index-damaged', repaired: false });

    await check({ repairs: true });
    expect((await check()).exitCode).toBe(0);
    expect(rows().map((one) => ({ ...one, id: 0 }))).toEqual(recorded.map((one) => ({ ...one, id: 0 })));
  });

  interface Damage {
    readonly name: string;
    readonly kind: string;
    readonly detail: RegExp;
    readonly isRepairable: boolean;
    readonly make: () => unknown;
  }

  const damages: readonly Damage[] = [
    {
      name: 'a file that is gone',
      kind: 'missing-file',
      detail: /^The file is gone\.$/,
      isRepairable: true,
      make: () => rm(pathOf(0)),
    },
    {
      name: 'a whole directory that is gone',
      kind: 'missing-file',
      detail: /^The file is gone\.$/,
      isRepairable: true,
      make: () => rm(dirname(pathOf(0)), { recursive: true }),
    },
    {
      name: 'a file without a row',
      kind: 'unindexed-file',
      detail: /^\d+ whole parts in \d+ bytes\.$/,
      isRepairable: true,
      make: () => query(`DELETE FROM segments WHERE id = ${row(0).id}`),
    },
    {
      name: 'a file with nothing but a beginning',
      kind: 'empty-file',
      detail: /^There is no whole part in its 1500 bytes: a cut-off/,
      isRepairable: true,
      make: async () => {
        query(`UPDATE segments SET state = 'writing' WHERE id = ${row(0).id}`);
        await truncate(pathOf(0), 1500);
      },
    },
    {
      name: 'a finished file with nothing but a beginning',
      kind: 'damaged-file',
      detail: /^There is no whole part in its 1500 bytes: a cut-off/,
      isRepairable: false,
      make: () => truncate(pathOf(0), 1500),
    },
    {
      name: 'a file that was cut off',
      kind: 'wrong-length',
      detail: /^It has \d+ bytes, its row says \d+\.$/,
      isRepairable: true,
      make: async () => truncate(pathOf(0), (await stat(pathOf(0))).size - 5000),
    },
    {
      name: 'a file that has grown',
      kind: 'wrong-length',
      detail: /^It has \d+ bytes, its row says \d+\.$/,
      isRepairable: true,
      make: () => appendFile(pathOf(0), 'left over from a write that was never finished'),
    },
    {
      name: 'a row whose recording was interrupted',
      kind: 'unfinished-row',
      detail: /^Its recording was interrupted\.$/,
      isRepairable: true,
      make: () => query(`UPDATE segments SET state = 'writing', byte_length = 4096 WHERE id = ${row(0).id}`),
    },
    {
      name: 'a row whose deletion was interrupted',
      kind: 'unfinished-row',
      detail: /^Its deletion was interrupted\.$/,
      isRepairable: true,
      make: () => query(`UPDATE segments SET state = 'deleting' WHERE id = ${row(0).id}`),
    },
    {
      name: 'a row whose file was deleted just before the end',
      kind: 'unfinished-row',
      detail: /^The file of a deletion is gone\.$/,
      isRepairable: true,
      make: async () => {
        query(`UPDATE segments SET state = 'deleting' WHERE id = ${row(0).id}`);
        await rm(pathOf(0));
      },
    },
    {
      name: 'a row with wrong counts',
      kind: 'wrong-counts',
      detail: /^Its row says frames 7, the file \d+\. Its row says parts 1, the file \d+\.$/,
      isRepairable: true,
      make: () => query(`UPDATE segments SET frame_count = 7, part_count = 1 WHERE id = ${row(0).id}`),
    },
    {
      name: 'a row with wrong facts',
      kind: 'wrong-facts',
      detail: /^Its row says start 5, the file \d+\. Its row says boot another, the file boot-of-the-test\.$/,
      isRepairable: true,
      make: () => query(`UPDATE segments SET start_utc_ms = 5, boot_id = 'another' WHERE id = ${row(0).id}`),
    },
    {
      name: 'a box amid the file that makes no sense',
      kind: 'damaged-file',
      detail: /^\d+ whole parts? in \d+ bytes, then .* Then: .*\.$/,
      isRepairable: false,
      make: () => overwrite(pathOf(0), 'moof', { occurrence: 2, by: 'mooX' }),
    },
    {
      name: 'a part with the wrong number',
      kind: 'damaged-file',
      detail: /Then: part 1 has the number 1482184792\.$/,
      isRepairable: false,
      // ISO/IEC 14496-12 §8.8.5: the number follows version and flags.
      make: () => overwrite(pathOf(0), 'mfhd', { offset: 8, by: 'XXXX' }),
    },
    {
      name: 'a label that is damaged',
      kind: 'no-label',
      detail: /^Its label is missing or damaged\.$/,
      isRepairable: false,
      make: () => overwrite(pathOf(0), '{"cameraId"', { by: '{"CAMERAiD"' }),
    },
  ];

  it.each(damages)('finds $name', async ({ kind, detail, isRepairable, make }) => {
    await make();

    const looked = await check();
    expect(looked.exitCode).toBe(10);
    expect(looked.findings.length).toBeGreaterThan(0);
    for (const finding of looked.findings) {
      expect(finding).toEqual({
        kind,
        volume: 'recordings',
        file: expect.stringMatching(/^cameras\/gate\//),
        detail: expect.stringMatching(detail),
        repaired: false,
      });
    }

    const repaired = await check({ repairs: true });
    expect(repaired.exitCode).toBe(isRepairable ? 11 : 10);
    expect((await check()).exitCode).toBe(isRepairable ? 0 : 10);
    // The others stay as they were.
    expect(rows().slice(-3)).toEqual(recorded.slice(-3));
  });

  it('changes nothing unless asked', async () => {
    await truncate(pathOf(0), 20_000);
    query(`DELETE FROM segments WHERE id = ${row(1).id}`);
    const before = rows();

    await check();

    expect(rows()).toEqual(before);
    expect((await stat(pathOf(0))).size).toBe(20_000);
  });

  it('sets aside what cannot be played when its row is lost, locked or not, and goes on telling it', async () => {
    const { file_path: filePath } = row(0);
    const whole = await readFile(pathOf(0));
    const beginning = whole.subarray(0, whole.indexOf('moof') + 1000);
    for (const suffix of ['', '-wal', '-shm']) await rm(`${layout.index}${suffix}`, { force: true });
    await writeFile(pathOf(0), beginning);
    await overwrite(pathOf(1), 'moov', { by: 'mooX' });
    const lock: FootageLock = {
      id: '2f1c0a9e-7f0e-4b5e-9d8b-0d2b1f6f3a10',
      cameraId: 'gate',
      startUtcMs: 1_700_000_000_000,
      endUtcMs: 1_700_000_001_000,
      reason: 'a theft',
      lockedBy: 'guard',
      tokenId: 'token',
      createdUtcMs: 0,
    };
    await mkdir(dirname(layout.locks), { recursive: true });
    await writeFile(layout.locks, JSON.stringify({ formatVersion: 1, locks: [lock] }));

    const repaired = await check({ repairs: true });
    expect(repaired.exitCode).toBe(10);
    const left = repaired.findings.filter((finding) => !finding.repaired);
    // Files are read several at once.
    expect(left.toSorted((one, other) => one.file.localeCompare(other.file))).toMatchObject([
      { kind: 'damaged-file', file: filePath, detail: expect.stringContaining(`${filePath}.damaged`) },
      { kind: 'damaged-file', file: row(1).file_path },
    ]);
    expect(await readFile(`${pathOf(0)}.damaged`)).toEqual(beginning);

    const again = await check({ repairs: true });
    expect([again.exitCode, again.summary.strangers]).toEqual([10, 0]);
    expect(again.findings.map(({ kind, file }) => [kind, file])).toEqual([
      ['set-aside-file', `${filePath}.damaged`],
      ['set-aside-file', `${row(1).file_path}.damaged`],
    ]);
  });

  it('counts strangers and leaves them alone', async () => {
    const stranger = join(dirname(pathOf(0)), 'notes.txt');
    await writeFile(stranger, 'do not delete');

    const { exitCode, summary } = await check({ repairs: true });

    expect([exitCode, summary.strangers]).toEqual([0, 1]);
    expect(await readFile(stranger, 'utf8')).toBe('do not delete');
  });

  it('says which volume is not there, and does not take its rows for lost', async () => {
    await rm(join(layout.recordings, 'belvedere-volume.json'));

    const { exitCode, findings } = await check({ repairs: true });

    expect(exitCode).toBe(10);
    expect(findings).toEqual([
      {
        kind: 'volume-missing',
        volume: 'recordings',
        file: layout.recordings,
        detail: expect.stringContaining('The volume recordings is missing'),
        repaired: false,
      },
    ]);
    expect(rows()).toEqual(recorded);
  });

  it('speaks plainly on the command line, and refuses while an engine runs', async () => {
    await rm(pathOf(0));
    const looked = runEngineCommand(['fsck', layout.root]);
    const sentences = looked.stdout.split('\n');
    expect([looked.exitCode, looked.stderr]).toEqual([10, '']);
    expect(sentences).toEqual([
      `missing-file recordings ${row(0).file_path}: The file is gone.`,
      `${recorded.length - 1} files and ${recorded.length} rows on 1 volume: 1 finding, 0 repaired.`,
      '',
    ]);
    expect(runEngineCommand(['fsck', layout.root, '--repair']).exitCode).toBe(11);
    expect(runEngineCommand(['fsck', '--dir', layout.root]).exitCode).toBe(0);

    await using engine = await EngineProcess.start(layout.root);
    expect(runEngineCommand(['fsck', layout.root])).toEqual({
      exitCode: 5,
      stdout: '',
      stderr: expect.stringContaining('Another engine already works on'),
    });
    expect(await engine.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(runEngineCommand(['fsck', layout.root]).exitCode).toBe(0);
  });

  it('refuses what is no engine’s directory, and makes none of it', async () => {
    const other = join(folder.path, 'other');
    await mkdir(other);
    await chmod(other, 0o700);

    expect(runEngineCommand(['fsck', other])).toEqual({
      exitCode: 4,
      stdout: '',
      stderr: `${other} is not the directory of an engine that has run.\n`,
    });
    expect(runEngineCommand(['fsck']).exitCode).toBe(2);
    expect(runEngineCommand(['fsck', other, other]).exitCode).toBe(2);
  });
});

/** Writes over a file at the first, or another, place where a text stands, `offset` bytes after its start. */
async function overwrite(
  path: string,
  text: string,
  { by, occurrence = 1, offset = 0 }: { by: string; occurrence?: number; offset?: number },
): Promise<void> {
  const bytes = await readFile(path);
  let position = -1;
  for (let count = 0; count < occurrence; count += 1) position = bytes.indexOf(text, position + 1);
  if (position < 0) throw new Error(`${text} is not in the file.`);
  bytes.write(by, position + offset, 'latin1');
  await writeFile(path, bytes);
}
