// The import rules of the architecture, as a pure function over (file, imports). `check-layers.mjs` runs them on the
// sources; tests/unit/scripts/layers.test.ts shows that each rule can fail.

import { posix } from 'node:path';

/** What each layer may import of ours. @type {Readonly<Record<string, readonly string[]>>} */
const layers = {
  'src/shared': ['src/shared'],
  'src/engine': ['src/engine', 'src/shared'],
  'src/main': ['src/main', 'src/shared'],
  'src/preload': ['src/preload', 'src/shared'],
  'src/renderer': ['src/renderer', 'src/shared'],
  'src/sim': ['src/sim', 'src/shared'],
  'src/node': ['src/node'],
};

/** Folders whose subfolders are features: reached from outside only through their index. */
const featureFolders = ['src/main/features', 'src/renderer/features'];

const transportPackages = /^(@trpc\/|ws$)/;

/**
 * @param {{ file: string, specifier: string }} found path from the root with forward slashes, and what it imports
 * @returns {string | undefined} the rule that is broken, in words
 */
export function brokenRule({ file, specifier }) {
  const layer = Object.keys(layers).find((folder) => file.startsWith(`${folder}/`));
  if (layer === undefined) return undefined;
  return specifier.startsWith('.')
    ? brokenBetweenFiles(file, layer, posix.normalize(posix.join(posix.dirname(file), specifier)))
    : brokenByPackage(file, layer, specifier);
}

/** @param {string} file @param {string} layer @param {string} target */
function brokenBetweenFiles(file, layer, target) {
  const allowed = layers[layer] ?? [];
  if (target.startsWith('src/') && !allowed.some((folder) => target.startsWith(`${folder}/`))) {
    return `${layer} may import only ${allowed.join(', ')}`;
  }
  if (!target.startsWith('src/') && target !== 'package.json')
    return `${layer} may not import from outside src`;
  for (const folder of featureFolders) {
    const theirs = featureOf(target, folder);
    if (theirs === undefined || theirs === featureOf(file, folder)) continue;
    if (!/^index\.tsx?$/.test(target.slice(folder.length + theirs.length + 2))) {
      return `a feature is reached only through its index.ts (${folder}/${theirs})`;
    }
  }
  if (file.startsWith('src/renderer/ui/') && target.startsWith('src/renderer/features/')) {
    return 'renderer/ui never imports features';
  }
  if (file.startsWith('src/main/platform/') && target.startsWith('src/main/features/')) {
    return 'platform never imports features';
  }
  if (file.startsWith('src/engine/rtsp/') && /^src\/engine\/(recording|storage|live|http)\//.test(target)) {
    return 'protocols know nothing of recording, live or the API';
  }
  return undefined;
}

/** @param {string} file @param {string} layer @param {string} specifier */
function brokenByPackage(file, layer, specifier) {
  if (layer === 'src/shared' && specifier !== 'zod') return 'src/shared imports only zod';
  if (layer === 'src/node' && !specifier.startsWith('node:')) return 'src/node has no dependencies';
  const mayUseElectron = /^src\/(main\/electron\/|main\/index\.ts$|preload\/)/.test(file);
  if (/^electron($|\/)/.test(specifier) && !mayUseElectron) {
    return 'only src/main/electron, src/main/index.ts and src/preload import electron';
  }
  if (layer === 'src/renderer') {
    if (specifier.startsWith('node:')) return 'src/renderer runs in a page: no Node modules';
    if (transportPackages.test(specifier) && !file.startsWith('src/renderer/api/')) {
      return 'only src/renderer/api knows the transport';
    }
    if (specifier === 'mpegts.js' && !file.startsWith('src/renderer/player/')) {
      return 'only src/renderer/player knows mpegts.js';
    }
  }
  return undefined;
}

/** @param {string} path @param {string} folder */
function featureOf(path, folder) {
  if (!path.startsWith(`${folder}/`)) return undefined;
  const rest = path.slice(folder.length + 1).split('/');
  return rest.length > 1 ? rest[0] : undefined;
}
