import type { EngineFailure, EngineFailureCode } from '../../shared/engine-api/index.ts';

/** RFC 9110 §15; where several statuses share a code, the route gives its own. */
const statusOfCode: Record<EngineFailureCode, number> = {
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'invalid-request': 400,
  'version-conflict': 409,
  'too-many': 429,
  unavailable: 503,
  internal: 500,
};

/** For a change that the disk of the engine's own directory did not take; `code` is the system's, such as `ENOSPC`. */
export function notWritten(what: string, code: string): ApiFailure {
  return new ApiFailure(
    'unavailable',
    `The engine cannot write ${what} (${code}), so nothing was changed. Make room on the disk of its directory, or mount it for writing, and repeat the change.`,
  );
}

/** An expected refusal of a request; becomes the answer's status and `EngineFailure` body. */
export class ApiFailure extends Error {
  readonly code: EngineFailureCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: EngineFailureCode,
    message: string,
    options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.name = 'ApiFailure';
    this.code = code;
    this.status = options.status ?? statusOfCode[code];
    this.headers = options.headers ?? {};
  }

  get body(): EngineFailure {
    return { code: this.code, message: this.message };
  }
}
