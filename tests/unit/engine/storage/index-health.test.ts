import { beforeEach, describe, expect, it } from 'vitest';
import { IndexHealth } from '../../../../src/engine/storage/index-health.ts';
import { ManualClock } from '../ingest/manual-clock.ts';

const written = { codes: [], hasWritten: true };
const read = { codes: [], hasWritten: false };
const failed = (code: string) => ({ codes: [code], hasWritten: false });

describe('the health of the index', () => {
  let clock: ManualClock;
  let damages: string[];
  let health: IndexHealth;

  beforeEach(() => {
    clock = new ManualClock();
    damages = [];
    const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
    health = new IndexHealth({ path: '/index', clock, log, onDamage: (code) => void damages.push(code) });
  });

  it('tells since when there is trouble, of whatever kind, and that it is over', () => {
    const sinceUtcMs = clock.utcMs();
    health.answered(failed('SQLITE_IOERR_WRITE'));
    expect(health.state).toMatchObject({ kind: 'failing', code: 'SQLITE_IOERR_WRITE', sinceUtcMs });
    clock.advance(5000);
    health.silent(10_000);
    expect(health.state).toMatchObject({ kind: 'hung', sinceUtcMs });
    health.answered(failed('SQLITE_FULL'));
    expect(health.state).toMatchObject({ kind: 'full', sinceUtcMs });
    health.answered(read);
    expect(health.state.kind).toBe('full');
    health.answered(written);
    expect(health.state).toEqual({ kind: 'ok', sinceUtcMs: clock.utcMs() });
  });

  it('answers again when it is read, after it was silent', () => {
    health.silent(10_000);
    health.answered(read);
    expect(health.state.kind).toBe('ok');
  });

  it.each(['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_ERROR', 'SQLITE_MISUSE', ''])(
    'does not suffer from our mistakes (%s)',
    (code) => {
      health.answered(failed(code));
      expect(health.state.kind).toBe('ok');
    },
  );

  it.each(['SQLITE_CORRUPT', 'SQLITE_CORRUPT_INDEX', 'SQLITE_NOTADB'])(
    'stays damaged after %s, whatever else can be written, and says so once',
    (code) => {
      health.answered(failed(code));
      health.answered(written);
      health.silent(10_000);
      health.answered(failed('SQLITE_CORRUPT'));
      health.answered(read);

      expect(health.state).toMatchObject({ kind: 'damaged', code });
      expect(damages).toEqual([code]);
    },
  );
});
