import type { VolumeState } from '../../shared/engine-api/index.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { failureOf, type StorageFailure } from './failure.ts';

/** A state in which something is the matter. */
export type TroubledState = Exclude<VolumeState, { kind: 'ok' | 'opening' }>;
/** A trouble before anybody says since when. */
export type Trouble = TroubledState extends infer State
  ? State extends TroubledState
    ? Omit<State, 'sinceUtcMs'>
    : never
  : never;

export interface VolumeHealthOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after every change of kind. */
  readonly onChange: () => void;
}

/** How a volume fares, and since when; every change is logged once. */
export class VolumeHealth {
  readonly #options: VolumeHealthOptions;
  #state: VolumeState;

  constructor(options: VolumeHealthOptions) {
    this.#options = options;
    this.#state = { kind: 'opening', sinceUtcMs: options.clock.utcMs() };
  }

  get state(): VolumeState {
    return this.#state;
  }

  get trouble(): TroubledState | undefined {
    return this.#state.kind === 'ok' || this.#state.kind === 'opening' ? undefined : this.#state;
  }

  enter(trouble: Trouble): void {
    const former = this.#state;
    const isSame = former.kind === trouble.kind;
    this.#state = { ...trouble, sinceUtcMs: isSame ? former.sinceUtcMs : this.#options.clock.utcMs() };
    if (isSame) return;
    const { name, log, onChange } = this.#options;
    log.error({ volume: name, ...trouble }, 'Recording to the volume halts.');
    onChange();
  }

  opening(): void {
    this.#replace('opening');
  }

  clear(): void {
    const former = this.#state.kind;
    if (former === 'ok') return;
    if (former !== 'opening')
      this.#options.log.info({ volume: this.#options.name, former }, 'The volume is well again.');
    this.#replace('ok');
  }

  #replace(kind: 'opening' | 'ok'): void {
    if (this.#state.kind === kind) return;
    this.#state = { kind, sinceUtcMs: this.#options.clock.utcMs() };
    this.#options.onChange();
  }
}

/** Whether files on a volume can be opened without being stuck. */
export function isReadable({ kind }: VolumeState): boolean {
  switch (kind) {
    case 'ok':
    case 'full':
    case 'read-only':
    case 'failing':
      return true;
    case 'opening':
    case 'hung':
    case 'missing':
    case 'foreign':
      return false;
  }
}

/**
 * Why nothing more may be written to any file of a volume. An error may be that of one file, and a volume that hangs answers
 * for itself: the others go on, and find out.
 */
export function stopsEverything(trouble: TroubledState | undefined): StorageFailure | undefined {
  if (trouble === undefined) return undefined;
  switch (trouble.kind) {
    case 'failing':
    case 'hung':
      return undefined;
    case 'full':
    case 'read-only':
    case 'missing':
    case 'foreign':
      return failureOf(trouble);
  }
}
