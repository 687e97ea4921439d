import type { z } from 'zod';
import type { EngineFailureCode } from '../../shared/engine-api/index.ts';
import { ApiFailure } from './failure.ts';

/** One part of a request as its schema sees it. Throws `ApiFailure` that says what is wrong and where. */
export function parsePart<Part>(schema: z.ZodType<Part>, value: unknown, code: EngineFailureCode): Part {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  throw new ApiFailure(code, `The request was not understood${where}: ${issue?.message ?? 'invalid'}.`);
}

/** Throws `ApiFailure` when a name occurs twice. */
export function queryObject(query: URLSearchParams): Record<string, string> {
  const entries = [...query];
  if (new Set(entries.map(([name]) => name)).size < entries.length) {
    throw new ApiFailure('invalid-request', 'A query parameter was given more than once.');
  }
  return Object.fromEntries(entries);
}
