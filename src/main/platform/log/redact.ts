const secretKey = /pass(word|phrase|wd)|secret|token|authorization|cookie|private_?key|credential|ticket/i;
/** User information in a URL, RFC 3986 §3.2.1, and up to the last `@` where a password has some of its own. */
const userInformation = /([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/?#]*@/gi;
/** Session codes, tickets and tokens carried by our own addresses. */
const secretParameter = /\b(code|ticket|token|password)=[^\s&#"']+/gi;
const authorizationHeader = /\b(Bearer|Basic|Digest) +[^\s"']{4,}[^\n"']*/g;

const maximumDepth = 6;
const maximumEntries = 64;
const maximumCharacters = 8192;

/** Takes secrets out of a sentence, and cuts it to a bounded length. */
export function redactText(text: string): string {
  return text
    .slice(0, maximumCharacters)
    .replaceAll(userInformation, '$1[redacted]@')
    .replaceAll(secretParameter, '$1=[redacted]')
    .replaceAll(authorizationHeader, '$1 [redacted]');
}

/** A copy of the facts that is safe to store: secrets replaced, bytes counted instead of shown, size and depth bounded. */
export function redactFacts(facts: object): Record<string, unknown> {
  return redactEntries(Object.entries(facts), maximumDepth);
}

function redactEntries(entries: [string, unknown][], depth: number): Record<string, unknown> {
  return Object.fromEntries(
    entries
      .slice(0, maximumEntries)
      .map(([key, value]) => [key, secretKey.test(key) ? '[redacted]' : redactValue(value, depth)]),
  );
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '[deep]';
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Error) return redactError(value, depth);
  if (Array.isArray(value))
    return value.slice(0, maximumEntries).map((entry) => redactValue(entry, depth - 1));
  return redactEntries(Object.entries(value), depth - 1);
}

/** Libraries hang requests, sockets and passwords on their errors, so only the known parts are kept. */
function redactError(error: Error, depth: number): Record<string, unknown> {
  return {
    name: error.name,
    message: redactText(error.message),
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, depth - 1) }),
  };
}
