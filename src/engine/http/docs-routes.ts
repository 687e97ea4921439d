import { enginePaths } from '../../shared/engine-api/index.ts';
import { textAnswer } from './answer.ts';
import { docsPagePolicy, writeDocsPage } from './docs-page.ts';
import { describeApi } from './openapi.ts';
import type { ApiDescription } from './openapi.ts';
import { noInput, route } from './route.ts';
import type { Route } from './route.ts';

/** The API's description of itself, for people and for programs. It is written once, when somebody first asks. */
export function docsRoutes(api: () => ApiDescription): readonly Route[] {
  const document = once(() => describeApi(api()));
  const page = once(() => writeDocsPage(document()));
  const json = once(() => JSON.stringify(document()));
  return [
    route({
      ...noInput,
      method: 'GET',
      path: enginePaths.docs,
      scope: 'none',
      summary: 'Read what this API offers, as a page',
      answer: textAnswer('text/html; charset=utf-8', {
        'content-security-policy': docsPagePolicy,
        'referrer-policy': 'no-referrer',
      }),
      handle: () => page(),
    }),
    route({
      ...noInput,
      method: 'GET',
      path: enginePaths.openApi,
      scope: 'none',
      summary: 'Read what this API offers, as OpenAPI 3.1',
      answer: textAnswer('application/json; charset=utf-8'),
      handle: () => json(),
    }),
  ];
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
