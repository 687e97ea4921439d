import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { z } from 'zod';

const PackageFile = z.object({ name: z.string(), version: z.string(), license: z.string().default('') });

export interface EngineModules {
  /** The engine and every package it uses, one ECMAScript module. */
  readonly engine: string;
  /** What the engine starts on the thread of its index: a module of its own, for it must load little. */
  readonly indexWorker: string;
  readonly packages: readonly BundledPackage[];
}

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly licenseText: string;
}

/** Bundles the engine for Node. What remains outside is Node itself and better-sqlite3's native file. */
export async function bundleEngineModules(root: string): Promise<EngineModules> {
  const engine = await bundleModule(root, join('src', 'engine', 'index.ts'));
  const indexWorker = await bundleModule(root, join('src', 'engine', 'storage', 'index-worker.ts'));
  return {
    engine: engine.code,
    indexWorker: indexWorker.code,
    packages: packagesOf([...engine.moduleIds, ...indexWorker.moduleIds]),
  };
}

async function bundleModule(
  root: string,
  input: string,
): Promise<{ readonly code: string; readonly moduleIds: readonly string[] }> {
  const bundle = await rolldown({
    input: join(root, input),
    cwd: root,
    platform: 'node',
    // CommonJS packages look for their files beside themselves; in the bundle that is beside the bundle.
    transform: { define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' } },
    logLevel: 'warn',
    onLog(level, log, handle) {
      // An import that is missing would only fail on the node.
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
      handle(level, log);
    },
  });
  try {
    const { output } = await bundle.generate({
      format: 'esm',
      codeSplitting: false,
      // Without comments, but with names and lines: a trace from a node must be readable.
      minify: { compress: false, mangle: false, codegen: { removeWhitespace: false } },
      comments: false,
    });
    const [chunk, ...more] = output;
    if (more.length > 0) throw new Error(`${input} did not fit into one module.`);
    return { code: escapeBeyondAscii(withBuiltinsAsAsked(chunk.code)), moduleIds: chunk.moduleIds };
  } finally {
    await bundle.close();
  }
}

/**
 * `import … from "node:http"` evaluates every export of that module, and some of those load another part of Node at first
 * sight: a whole HTTP client, Web Crypto. Asked for by name, only what the engine uses is loaded, which saves each engine
 * five megabytes.
 */
function withBuiltinsAsAsked(code: string): string {
  return code.replaceAll(
    /^import (?<names>\{[^}]*\}|\w+|\* as \w+) from "(?<builtin>node:[\w/]+)";$/gm,
    (_, names: string, builtin: string) => {
      const pattern = names.replace(/^\* as /, '').replaceAll(' as ', ': ');
      return `const ${pattern} = process.getBuiltinModule("${builtin}");`;
    },
  );
}

/** Node decodes a file that is not all ASCII to two bytes a character: a single dash would double what the source takes. */
function escapeBeyondAscii(code: string): string {
  return code.replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The packages whose modules went into the bundle, with their licences, in order of name. */
function packagesOf(moduleIds: readonly string[]): BundledPackage[] {
  const folders = new Set(
    moduleIds.flatMap((id) => {
      const match = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(id.replaceAll('\\', '/'));
      return match === null ? [] : [match[0].replace(/^\0+/, '')];
    }),
  );
  return [...folders]
    .map((folder) => readPackage(folder))
    .sort((one, other) => (`${one.name}@${one.version}` < `${other.name}@${other.version}` ? -1 : 1));
}

function readPackage(folder: string): BundledPackage {
  const { name, version, license } = PackageFile.parse(
    JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
  );
  const file = readdirSync(folder).find((candidate) => /^licen[cs]e(\.|$)/i.test(candidate));
  const licenseText = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim();
  return { name, version, license, licenseText };
}

/** The licences of everything a bundle contains, in one text. */
export function licencesText(
  root: string,
  packages: readonly BundledPackage[],
  node: { readonly version: string; readonly license: Buffer },
): string {
  const own = join(root, 'LICENSE');
  const sections = [
    ...(existsSync(own) ? [{ title: 'Belvedere', text: readFileSync(own, 'utf8') }] : []),
    { title: `Node.js ${node.version}`, text: node.license.toString('utf8') },
    ...packages.map(({ name, version, license, licenseText }) => ({
      title: `${name} ${version} (${license})`,
      text: licenseText,
    })),
  ];
  return sections
    .map(({ title, text }) => `${'='.repeat(78)}\n${title}\n${'='.repeat(78)}\n\n${text.trim()}\n`)
    .join('\n');
}

/** better-sqlite3's native file for Node on Linux with glibc. */
export function sqliteBinary(root: string, target: string): Buffer {
  return readFileSync(
    join(
      dirname(join(root, 'node_modules', 'better-sqlite3', 'package.json')),
      'prebuilds',
      `${target}.node`,
    ),
  );
}
