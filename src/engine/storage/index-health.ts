import type { IndexState } from '../../shared/engine-api/index.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { isDamage, isIndexTrouble } from './failure.ts';

export interface IndexHealthOptions {
  /** The database file. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once: what is in the file contradicts itself. */
  readonly onDamage?: (code: string) => void;
}

type Trouble = Exclude<IndexState, { kind: 'ok' }>;
type NewTrouble = Trouble extends infer State
  ? State extends Trouble
    ? Omit<State, 'sinceUtcMs'>
    : never
  : never;

/** How the index fares, and since when; every change is logged once. */
export class IndexHealth {
  readonly #options: IndexHealthOptions;
  #state: IndexState;

  constructor(options: IndexHealthOptions) {
    this.#options = options;
    this.#state = { kind: 'ok', sinceUtcMs: options.clock.utcMs() };
  }

  get state(): IndexState {
    return this.#state;
  }

  silent(patienceMs: number): void {
    if (this.#state.kind === 'damaged') return;
    this.#enter({
      kind: 'hung',
      detail: `The index has not answered for ${patienceMs / 1000} s; ${consequences}.`,
      remedy: checkDisk,
    });
  }

  /** `codes`: the errors among the answers. `hasWritten`: something of it changed the database. */
  answered({ codes, hasWritten }: { readonly codes: readonly string[]; readonly hasWritten: boolean }): void {
    // It is not well again because something else in it can be written.
    if (this.#state.kind === 'damaged') return;
    const damage = codes.find(isDamage);
    if (damage !== undefined) {
      this.damaged(damage);
      return;
    }
    const code = codes.find(isIndexTrouble);
    // A full disk can still be read.
    if (code !== undefined) this.#enter(troubleOf(code));
    else if (hasWritten || this.#state.kind === 'hung') this.#clear();
  }

  /** What it says cannot be. */
  damaged(code: string): void {
    if (this.#state.kind === 'damaged') return;
    this.#enter({
      kind: 'damaged',
      code,
      detail: `The index is damaged (${code}); ${consequences}.`,
      remedy: 'The engine makes it again from the files by itself; if it happens again, replace the disk.',
    });
    this.#options.onDamage?.(code);
  }

  #enter(trouble: NewTrouble): void {
    const former = this.#state;
    const { path, clock, log } = this.#options;
    const sinceUtcMs = former.kind === 'ok' ? clock.utcMs() : former.sinceUtcMs;
    this.#state = { ...trouble, sinceUtcMs };
    if (former.kind !== trouble.kind) log.error({ path, ...trouble }, 'The index is in trouble.');
  }

  #clear(): void {
    const former = this.#state.kind;
    if (former === 'ok') return;
    const { path, clock, log } = this.#options;
    this.#state = { kind: 'ok', sinceUtcMs: clock.utcMs() };
    log.info({ path, former }, 'The index is well again.');
  }
}

const consequences = 'recording goes on, but new footage cannot be found yet and old footage is not deleted';
const checkDisk = "Check the disk of the engine's directory.";

function troubleOf(code: string): NewTrouble {
  return code === 'SQLITE_FULL'
    ? {
        kind: 'full',
        detail: `There is no room for the index; ${consequences}.`,
        remedy: "Free space on the disk of the engine's directory.",
      }
    : { kind: 'failing', code, detail: `The index answered ${code}; ${consequences}.`, remedy: checkDisk };
}
