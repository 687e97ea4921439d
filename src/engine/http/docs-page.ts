import { createHash } from 'node:crypto';
import type { JsonSchema, OpenApiDocument, Operation, Parameter } from './openapi.ts';

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
article { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: 0.75rem 0; }
h1 { font-size: 1.5rem; } h2 { font-size: 1rem; margin: 0; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; }
pre { overflow-x: auto; padding: 0.75rem; background: color-mix(in srgb, currentColor 6%, transparent); }
p { margin: 0.25rem 0; } summary { cursor: pointer; }
.method { display: inline-block; min-width: 6.5rem; font-weight: 600; }
.scope { opacity: 0.7; }
`;

const styleHash = createHash('sha256').update(style).digest('base64');

/** Nothing but the page's own style: no script, no font, no picture, no frame around it. */
export const docsPagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The description as a page for people, in itself complete. */
export function writeDocsPage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => describe(path, method, operation)),
  );
  const { title, description } = document.info;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escape(title)}</h1>
<p>${escape(description)}</p>
<p>The same for programs: <a href="/docs/openapi.json">openapi.json</a> (OpenAPI ${document.openapi}).</p>
${operations.join('\n')}
</body>
</html>
`;
}

function describe(path: string, method: string, operation: Operation): string {
  const { summary, description, parameters, requestBody, responses } = operation;
  const kind = '101' in responses ? 'WebSocket' : method.toUpperCase();
  const parts = [
    ...parameters.map(describeParameter),
    ...Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => fold(`Body: ${type}`, schema)),
    ...Object.entries(responses)
      .filter(([status]) => status !== 'default')
      .flatMap(([status, { content = {} }]) =>
        Object.entries(content).map(([type, { schema }]) => fold(`${status}: ${type}`, schema)),
      ),
  ];
  return `<article>
<h2><span class="method">${escape(kind)}</span> <code>${escape(path)}</code></h2>
<p>${escape(summary)}. <span class="scope">${escape(description)}</span></p>
${parts.join('\n')}
</article>`;
}

function describeParameter({ name, in: place, required, schema }: Parameter): string {
  return fold(`${place} ${name}${required ? '' : ' (optional)'}`, schema);
}

function fold(title: string, schema: JsonSchema): string {
  return `<details><summary>${escape(title)}</summary><pre>${escape(JSON.stringify(schema, undefined, 2))}</pre></details>`;
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);
}
