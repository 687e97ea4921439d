import { z } from 'zod';
import type { TokenScope } from '../../shared/engine-api/index.ts';
import type { TokenBearer } from '../platform/tokens.ts';
import type { Answer, AnswerDescription, AnswerForm } from './answer.ts';
import { parsePart, queryObject } from './request-parts.ts';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

const methodsWithBody: ReadonlySet<Method> = new Set<Method>(['PUT', 'POST']);

/** A request before its parts are parsed. */
export interface RawRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Whose token came with it; absent where the route needs none. */
  readonly bearer: TokenBearer | undefined;
  /** Reads JSON, within limits. */
  readBody(): Promise<unknown>;
}

/** What a route is, for those who use it: everything but how it does it. */
export interface RouteDescription {
  readonly method: Method;
  /** `:name` stands for a parameter. Also the label in the metrics, so that labels stay bounded. */
  readonly path: string;
  readonly scope: TokenScope | 'none';
  /** One sentence in imperative mood, without a full stop: "List the segments of a camera". */
  readonly summary: string;
}

export interface Route extends RouteDescription {
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  /** Absent for methods that have none. */
  readonly body: z.ZodType | undefined;
  readonly answerDescription: AnswerDescription;
  answer(request: RawRequest): Promise<Answer>;
}

interface RouteDefinition<Params, Query, Body, Result> extends RouteDescription {
  readonly params: z.ZodType<Params>;
  readonly query: z.ZodType<Query>;
  /** Only read for methods that have one. */
  readonly body: z.ZodType<Body>;
  readonly answer: AnswerForm<Result>;
  handle(input: {
    readonly params: Params;
    readonly query: Query;
    readonly body: Body;
    readonly bearer: TokenBearer | undefined;
  }): Promise<Result> | Result;
}

/** The schema of a part that a route does not have: anything given there is refused. */
export const nothing = z.strictObject({});

/** For routes without parameters, query and body: `route({ ...noInput, ... })`. */
export const noInput = { params: nothing, query: nothing, body: nothing } as const;

/** A route whose handler sees only what its schemas let through, and returns only what its answer's schema promises. */
export function route<Params, Query, Body, Result>(
  definition: RouteDefinition<Params, Query, Body, Result>,
): Route {
  const { method, path, scope, summary, params, query, body } = definition;
  const hasBody = methodsWithBody.has(method);
  return {
    method,
    path,
    scope,
    summary,
    params,
    query,
    body: hasBody ? body : undefined,
    answerDescription: definition.answer.description,
    async answer(request) {
      const input = {
        params: parsePart(params, request.params, 'not-found'),
        query: parsePart(query, queryObject(request.query), 'invalid-request'),
        body: parsePart(body, hasBody ? await request.readBody() : {}, 'invalid-request'),
        bearer: request.bearer,
      };
      return definition.answer.answer(await definition.handle(input));
    },
  };
}
