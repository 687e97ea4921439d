import { existsSync } from 'node:fs';
import type { VolumeConfig } from '../../shared/engine-api/index.ts';
import { readStoredConfig } from '../platform/config-store.ts';
import { EngineExit } from '../platform/exit.ts';
import { openKnownVolumes } from '../platform/known-volumes.ts';
import { engineLayout, errorCode } from '../platform/layout.ts';
import type { EngineLayout } from '../platform/layout.ts';
import { lockDirectory } from '../platform/lock.ts';
import { stateFile } from '../platform/state-file.ts';
import { readOrMakeNodeId } from '../platform/node-identity.ts';
import { storageConfig } from '../storage-config.ts';
import {
  checkFootage,
  checkIndexFile,
  LockFileContent,
  forgetDamage,
  newIdentity,
  NewerDatabaseError,
  openEmptyIndex,
  openLocalVolume,
  openLocalVolumeMarker,
  openSqliteSegmentIndex,
  putIndexAside,
  recogniseVolume,
  salvageGaps,
} from '../storage/index.ts';
import type { FootageFindingKind, FootageIndex, LockedRange } from '../storage/index.ts';

export interface FsckOptions {
  /** The engine's directory; see `EngineLayout`. */
  readonly directory: string;
  /** Make the index agree with the files. */
  readonly repairs: boolean;
  /** JSON lines instead of sentences. */
  readonly json: boolean;
  readonly print: (line: string) => void;
}

/** Exit codes of `fsck`; what keeps it from working at all has those of `EngineExit`. */
export const fsckExitCodes = {
  /** Every file is whole and says what the index says. */
  agrees: 0,
  findingsLeft: 10,
  /** There were findings, and all were repaired. */
  allRepaired: 11,
} as const;

/** One thing that is not as it should be; with `--json` a line of output, as it stands here. */
interface Finding {
  readonly kind: FootageFindingKind | 'index-missing' | 'index-damaged' | 'volume-missing';
  /** Of the volume; the engine's directory for the index. */
  readonly volume: string;
  readonly file: string;
  readonly detail: string;
  readonly repaired: boolean;
}

/** With `--json` the last line of output. */
interface Summary {
  readonly volumes: number;
  readonly files: number;
  readonly bytes: number;
  readonly rows: number;
  readonly strangers: number;
  readonly findings: number;
  readonly repaired: number;
}

/**
 * Verifies the footage of an engine that does not run: every file against the index, and, when asked, mends the index, also
 * when it is damaged or gone. The answer is the exit code.
 * @throws EngineExit when an engine runs on the directory, or it is none
 */
export async function fsck(options: FsckOptions): Promise<number> {
  const layout = engineLayout(options.directory);
  if (!existsSync(layout.recordings)) {
    throw new EngineExit(
      'directory-unusable',
      `${layout.root} is not the directory of an engine that has run.`,
    );
  }
  const lock = lockDirectory(layout);
  try {
    return await new Fsck(layout, options).run();
  } finally {
    lock[Symbol.dispose]();
  }
}

class Fsck {
  readonly #layout: EngineLayout;
  readonly #options: FsckOptions;
  #summary: Summary = { volumes: 0, files: 0, bytes: 0, rows: 0, strangers: 0, findings: 0, repaired: 0 };

  constructor(layout: EngineLayout, options: FsckOptions) {
    this.#layout = layout;
    this.#options = options;
  }

  async run(): Promise<number> {
    const { recordings } = this.#layout;
    const { volumes = [] } = readStoredConfig(this.#layout);
    const configured = storageConfig({ volumes, cameras: [] }, { path: recordings, reserveBytes: 0 }).volumes;
    const index = await this.#openIndex();
    try {
      // An index made anew has none, and what is locked is not to be removed.
      await index.replaceLocks(this.#locks());
      for (const volume of configured) await this.#checkVolume(volume, index);
    } finally {
      await index.close();
    }
    return this.#conclude();
  }

  #locks(): readonly LockedRange[] {
    const file = stateFile({ path: this.#layout.locks, formatVersion: 1, schema: LockFileContent });
    return file.read()?.locks ?? [];
  }

  /** Without repairs a missing or damaged index counts as empty, so that every file is looked at all the same. */
  async #openIndex(): Promise<FootageIndex> {
    const { index: path, root } = this.#layout;
    const { repairs } = this.#options;
    try {
      const state = checkIndexFile(path);
      if (state.kind !== 'sound') {
        const detail =
          state.kind === 'missing' ? 'There is no index.' : `The index is damaged: ${state.detail}`;
        this.#find({ kind: `index-${state.kind}`, volume: root, file: path, detail, repaired: repairs });
        if (!repairs) return openEmptyIndex();
        if (state.kind === 'damaged') {
          const aside = await putIndexAside(path);
          const index = openSqliteSegmentIndex(path);
          await salvageGaps(aside, index);
          return index;
        }
      } else if (repairs) await forgetDamage(path);
      return openSqliteSegmentIndex(path);
    } catch (error) {
      if (error instanceof NewerDatabaseError) throw new EngineExit('newer-version', error.message);
      if (!errorCode(error).startsWith('SQLITE_')) throw error;
      throw new EngineExit('directory-unusable', `The index ${path} cannot be read (${errorCode(error)}).`);
    }
  }

  async #checkVolume({ name, path }: VolumeConfig, index: FootageIndex): Promise<void> {
    const volumeId = await this.#recognise({ name, path });
    if (volumeId === undefined) return;
    if (path === this.#layout.recordings) await index.adoptRows(volumeId);
    const totals = await checkFootage({
      volume: openLocalVolume(path),
      volumeId,
      index,
      repairs: this.#options.repairs,
      onFinding: ({ kind, filePath, detail, isRepaired }) =>
        this.#find({ kind, volume: name, file: filePath, detail, repaired: isRepaired }),
    }).catch((error: unknown) => {
      throw new EngineExit(
        'directory-unusable',
        `The volume ${name} at ${path} cannot be read (${errorCode(error)}).`,
      );
    });
    const { volumes, files, bytes, rows, strangers } = this.#summary;
    this.#summary = {
      ...this.#summary,
      volumes: volumes + 1,
      files: files + totals.files,
      bytes: bytes + totals.byteLength,
      rows: rows + totals.rows,
      strangers: strangers + totals.strangers,
    };
  }

  /** The id of the disk at a volume's path; a disk that was never used is made the volume's when repairing. */
  async #recognise({ name, path }: Pick<VolumeConfig, 'name' | 'path'>): Promise<string | undefined> {
    const nodeId = readOrMakeNodeId(this.#layout);
    const known = openKnownVolumes(this.#layout);
    const marker = openLocalVolumeMarker(path);
    const recognition = recogniseVolume(await marker.read(), {
      name,
      path,
      nodeId,
      knownVolumeId: known.find(name),
    });
    switch (recognition.kind) {
      case 'recognised':
        return recognition.volumeId;
      case 'new': {
        if (!this.#options.repairs) return unmarkedVolumeId;
        const identity = newIdentity(nodeId, Date.now());
        await marker.write(identity);
        known.remember(name, identity.volumeId);
        return identity.volumeId;
      }
      case 'missing':
      case 'foreign':
        this.#find({
          kind: 'volume-missing',
          volume: name,
          file: path,
          detail: `${recognition.detail} ${recognition.remedy}`,
          repaired: false,
        });
        return undefined;
    }
  }

  #find(finding: Finding): void {
    const { findings, repaired } = this.#summary;
    this.#summary = {
      ...this.#summary,
      findings: findings + 1,
      repaired: repaired + (finding.repaired ? 1 : 0),
    };
    const { kind, volume, file, detail } = finding;
    this.#options.print(
      this.#options.json
        ? JSON.stringify({ finding })
        : `${finding.repaired ? 'repaired ' : ''}${kind} ${volume} ${file}: ${detail}`,
    );
  }

  #conclude(): number {
    const summary = this.#summary;
    const { volumes, files, rows, findings, repaired } = summary;
    this.#options.print(
      this.#options.json
        ? JSON.stringify({ summary })
        : `${counted(files, 'file')} and ${counted(rows, 'row')} on ${counted(volumes, 'volume')}: ${counted(findings, 'finding')}, ${repaired} repaired.`,
    );
    if (findings === 0) return fsckExitCodes.agrees;
    return repaired === findings ? fsckExitCodes.allRepaired : fsckExitCodes.findingsLeft;
  }
}

/** Rows from before volumes were told apart belong to it. */
const unmarkedVolumeId = '';

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
