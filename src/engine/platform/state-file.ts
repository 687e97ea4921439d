import { z } from 'zod';
import { EngineExit } from './exit.ts';
import { loadFileIfPresent, readFileIfPresent, replaceFile, writeFileAtomic } from './atomic-file.ts';

const LIMIT_BYTES = 16 * 1_048_576;

const AnyEnvelope = z.object({ formatVersion: z.int().positive() });

/** A JSON file of the engine's with the version of its format, parsed by a schema on the way in. */
export interface StateFile<Content extends object> {
  /** `undefined` when there is none yet. Throws `EngineExit`: damaged, or of a newer version. */
  read(): Content | undefined;
  /** Does the same while everything else goes on. */
  load(): Promise<Content | undefined>;
  /** Survives a power cut when it returns. Holds everything else up: for what a person changes. */
  write(content: Content): void;
  /** Writes while everything else goes on; a power cut may damage the file. One call at a time. */
  store(content: Content): Promise<void>;
}

interface StateFileOptions<Content extends object> {
  readonly path: string;
  /** Grows when an older engine could not understand the file any more. */
  readonly formatVersion: number;
  readonly schema: z.ZodType<Content>;
}

export function stateFile<Content extends object>(options: StateFileOptions<Content>): StateFile<Content> {
  const { path, formatVersion, schema } = options;
  const damaged = (): EngineExit =>
    new EngineExit(
      'damaged-state',
      `${path} is damaged and cannot be used; restore it from a backup or remove it to start afresh.`,
    );
  const parse = (bytes: Buffer | undefined): Content | undefined => {
    if (bytes === undefined) return undefined;
    const json = parseJson(bytes.toString('utf8'));
    const envelope = AnyEnvelope.safeParse(json);
    if (!envelope.success) throw damaged();
    if (envelope.data.formatVersion > formatVersion) {
      throw new EngineExit(
        'newer-version',
        `${path} was written by a newer engine (format ${envelope.data.formatVersion}, this one reads ${formatVersion}). Start the newer engine or restore a backup.`,
      );
    }
    const content = schema.safeParse(json);
    if (!content.success) throw damaged();
    return content.data;
  };
  const textOf = (content: Content): string =>
    `${JSON.stringify({ formatVersion, ...content }, undefined, 2)}\n`;
  return {
    read: () => parse(readFileIfPresent(path, LIMIT_BYTES)),
    load: async () => parse(await loadFileIfPresent(path, LIMIT_BYTES)),
    write: (content) => writeFileAtomic(path, textOf(content)),
    store: (content) => replaceFile(path, textOf(content)),
  };
}

/** `undefined` for anything that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
