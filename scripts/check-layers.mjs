// Fails when a file imports across the layers of the architecture (rules in layers.mjs).

import { globSync, readFileSync } from 'node:fs';
import { parseSync } from 'oxc-parser';
import { brokenRule } from './layers.mjs';

const broken = [];
let imports = 0;
for (const path of globSync('src/**/*.{ts,tsx}')) {
  const file = path.replaceAll('\\', '/');
  const { module, errors } = parseSync(file, readFileSync(path, 'utf8'));
  if (errors.length > 0) {
    broken.push(`${file}: cannot be parsed: ${errors[0]?.message}`);
    continue;
  }
  const specifiers = [
    ...module.staticImports.map((found) => found.moduleRequest.value),
    ...module.staticExports.flatMap((found) =>
      found.entries.flatMap((entry) => entry.moduleRequest?.value ?? []),
    ),
    ...module.dynamicImports.map((found) =>
      readFileSync(path, 'utf8').slice(found.moduleRequest.start + 1, found.moduleRequest.end - 1),
    ),
  ];
  for (const specifier of new Set(specifiers)) {
    imports += 1;
    const rule = brokenRule({ file, specifier });
    if (rule !== undefined) broken.push(`${file} imports ${specifier}: ${rule}`);
  }
}

for (const line of broken) process.stderr.write(`${line}\n`);
process.stdout.write(`layers: ${imports} imports, ${broken.length} across a layer\n`);
process.exit(broken.length === 0 ? 0 : 1);
