import { z } from 'zod';
import { EngineFailure } from '../../shared/engine-api/index.ts';
import type { TokenScope } from '../../shared/engine-api/index.ts';
import type { AnswerDescription } from './answer.ts';
import type { Route } from './route.ts';
import type { WebSocketRoute } from './websocket-route.ts';

/** A JSON Schema as OpenAPI 3.1 has it (draft 2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  readonly schema: JsonSchema;
}

interface MediaTypes {
  readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>;
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: MediaTypes & { readonly required: true };
  readonly responses: Readonly<Record<string, Partial<MediaTypes> & { readonly description: string }>>;
}

/** What of OpenAPI 3.1 the engine's description uses. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, { readonly type: 'http'; readonly scheme: 'bearer' }>>;
  };
}

export interface ApiDescription {
  /** Of the API: `/api/v1`. */
  readonly version: string;
  readonly routes: readonly Route[];
  readonly webSocketRoutes: readonly WebSocketRoute[];
}

const statusWords: Readonly<Record<number, string>> = {
  101: 'The connection becomes a WebSocket.',
  200: 'As asked.',
  201: 'Made.',
  206: 'The bytes asked for.',
  503: 'Not now.',
};

/** Describes the API by the very schemas that its requests are parsed with. */
export function describeApi({ version, routes, webSocketRoutes }: ApiDescription): OpenApiDocument {
  const paths: Record<string, Record<string, Operation>> = {};
  const add = (path: string, method: string, operation: Operation): void => {
    (paths[templateOf(path)] ??= {})[method] = operation;
  };
  for (const route of routes) add(route.path, route.method.toLowerCase(), describeRoute(route));
  for (const route of webSocketRoutes) add(route.path, 'get', describeWebSocket(route));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Belvedere engine',
      version,
      description:
        'Cameras, footage and live streams of one node. Every request but those without a scope needs a bearer token of the scope named; admin reaches everything, peer also what view reaches.',
    },
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  };
}

function describeRoute(route: Route): Operation {
  const { method, path, scope, summary, body } = route;
  return {
    ...head({ method, path, scope, summary }),
    parameters: [...pathParameters(path, route.params), ...queryParameters(route.query)],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: requestSchema(body) } },
          },
        }),
    responses: { ...describeAnswer(route.answerDescription), ...failure },
  };
}

function describeWebSocket({ path, scope, summary, messages, params, query }: WebSocketRoute): Operation {
  const content =
    messages.kind === 'binary'
      ? { [messages.contentType]: { schema: binarySchema } }
      : { 'application/json': { schema: answerSchema(messages.schema) } };
  return {
    ...head({ method: 'WebSocket', path, scope, summary }),
    parameters: [...pathParameters(path, params), ...queryParameters(query)],
    responses: {
      101: { description: `${statusWords[101]} Its messages are of this form.`, content },
      ...failure,
    },
  };
}

interface Head {
  readonly method: string;
  readonly path: string;
  readonly scope: TokenScope | 'none';
  readonly summary: string;
}

function head({
  method,
  path,
  scope,
  summary,
}: Head): Pick<Operation, 'operationId' | 'summary' | 'description' | 'security'> {
  return {
    operationId: `${method.toLowerCase()}${path.replaceAll(/[^A-Za-z0-9]+/g, '_').replace(/_$/, '')}`,
    summary,
    description: scope === 'none' ? 'No token is needed.' : `Scope ${scope}.`,
    security: scope === 'none' ? [] : [{ token: [] }],
  };
}

const binarySchema: JsonSchema = { type: 'string', contentEncoding: 'binary' };

const failure = {
  default: {
    description: 'What the engine refuses, and why.',
    content: { 'application/json': { schema: answerSchema(EngineFailure) } },
  },
} as const;

function describeAnswer(answer: AnswerDescription): Operation['responses'] {
  switch (answer.kind) {
    case 'json':
      return Object.fromEntries(
        answer.statuses.map((status) => [
          status,
          described(status, 'application/json', answerSchema(answer.schema)),
        ]),
      );
    case 'text':
      return { 200: described(200, answer.contentType, { type: 'string' }) };
    case 'file':
      return {
        200: described(200, answer.contentType, binarySchema),
        206: described(206, answer.contentType, binarySchema),
      };
    case 'bytes':
    case 'stream':
      return { 200: described(200, answer.contentType, binarySchema) };
  }
}

function described(status: number, contentType: string, schema: JsonSchema): Operation['responses'][string] {
  return { description: statusWords[status] ?? `Status ${status}.`, content: { [contentType]: { schema } } };
}

/** `/cameras/:cameraId/segments/:segmentId.mp4` in OpenAPI's way. */
export function templateOf(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}

function pathParameters(path: string, schema: z.ZodType): Parameter[] {
  const { properties } = objectParts(schema);
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: properties[name] ?? { type: 'string' },
  }));
}

function queryParameters(schema: z.ZodType): Parameter[] {
  const { properties, required } = objectParts(schema);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: 'query',
    required: required.has(name),
    schema: property,
  }));
}

const ObjectSchema = z.object({
  properties: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  required: z.array(z.string()).default([]),
});

function objectParts(schema: z.ZodType): {
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: ReadonlySet<string>;
} {
  const { properties, required } = ObjectSchema.parse(requestSchema(schema));
  return { properties, required: new Set(required) };
}

/** As it has to be sent. */
function requestSchema(schema: z.ZodType): JsonSchema {
  return withoutDialect(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
}

/** As it comes. An answer may have more one day, and who reads it must not mind. */
function answerSchema(schema: z.ZodType): JsonSchema {
  return withoutDialect(
    z.toJSONSchema(schema, {
      io: 'output',
      unrepresentable: 'any',
      override: ({ jsonSchema }) => {
        if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      },
    }),
  );
}

/** OpenAPI 3.1 names the dialect once, for all, and what it names is this one. */
function withoutDialect({ $schema: _dialect, ...schema }: Record<string, unknown>): JsonSchema {
  return schema;
}
