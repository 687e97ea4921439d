import { z } from 'zod';
import type { EngineFailureCode, TokenScope } from '../../shared/engine-api/index.ts';
import { ApiFailure } from './failure.ts';

export type Method = 'GET' | 'PUT';

export type Answer =
  | { readonly kind: 'json'; readonly status: number; readonly body: object }
  | { readonly kind: 'text'; readonly contentType: string; readonly text: string }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly byteLength: number;
      readonly contentType: string;
    };

/** A request before its parts are parsed. */
export interface RawRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Reads JSON, within limits. */
  readBody(): Promise<unknown>;
}

export interface Route {
  readonly method: Method;
  /** `:name` stands for a parameter. Also the label in the metrics, so that labels stay bounded. */
  readonly path: string;
  readonly scope: TokenScope | 'none';
  answer(request: RawRequest): Promise<Answer>;
}

interface RouteDefinition<Params, Query, Body> {
  readonly method: Method;
  readonly path: string;
  readonly scope: TokenScope | 'none';
  readonly params: z.ZodType<Params>;
  readonly query: z.ZodType<Query>;
  /** Only read for methods that have one. */
  readonly body: z.ZodType<Body>;
  handle(input: {
    readonly params: Params;
    readonly query: Query;
    readonly body: Body;
  }): Promise<Answer> | Answer;
}

/** The schema of a part that a route does not have: anything given there is refused. */
export const nothing = z.strictObject({});

/** A route whose handler sees only what its schemas let through. */
export function route<Params, Query, Body>(definition: RouteDefinition<Params, Query, Body>): Route {
  const { method, path, scope } = definition;
  return {
    method,
    path,
    scope,
    async answer(request) {
      const params = parsePart(definition.params, request.params, 'not-found');
      const query = parsePart(definition.query, queryObject(request.query), 'invalid-request');
      const body = parsePart(
        definition.body,
        method === 'PUT' ? await request.readBody() : {},
        'invalid-request',
      );
      return definition.handle({ params, query, body });
    },
  };
}

export type RouteMatch =
  | { readonly kind: 'found'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'wrong-method'; readonly allowed: readonly string[] }
  | { readonly kind: 'not-found' };

/** Finds routes by path and method. */
export interface Router {
  match(method: string, path: string): RouteMatch;
}

export function createRouter(routes: readonly Route[]): Router {
  const compiled = routes.map((candidate) => ({ route: candidate, match: compilePath(candidate.path) }));
  return {
    match(method, path) {
      const ofPath = compiled.flatMap(({ route: candidate, match }) => {
        const params = match(path);
        return params === undefined ? [] : [{ route: candidate, params }];
      });
      if (ofPath.length === 0) return { kind: 'not-found' };
      const found = ofPath.find((candidate) => candidate.route.method === method);
      return found === undefined
        ? { kind: 'wrong-method', allowed: ofPath.map((candidate) => candidate.route.method) }
        : { kind: 'found', ...found };
    },
  };
}

/** Makes a matcher of `/cameras/:cameraId/segments/:segmentId.mp4`; a parameter has no slash. */
export function compilePath(pattern: string): (path: string) => Record<string, string> | undefined {
  const source = pattern.replaceAll('.', String.raw`\.`).replaceAll(/:(\w+)/g, '(?<$1>[^/]+)');
  const expression = new RegExp(`^${source}$`);
  return (path) => {
    const match = expression.exec(path);
    return match === null ? undefined : { ...match.groups };
  };
}

function parsePart<Part>(schema: z.ZodType<Part>, value: unknown, code: EngineFailureCode): Part {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  throw new ApiFailure(code, `The request was not understood${where}: ${issue?.message ?? 'invalid'}.`);
}

function queryObject(query: URLSearchParams): Record<string, string> {
  const entries = [...query];
  if (new Set(entries.map(([name]) => name)).size < entries.length) {
    throw new ApiFailure('invalid-request', 'A query parameter was given more than once.');
  }
  return Object.fromEntries(entries);
}
