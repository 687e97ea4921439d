import type { PlayTarget } from './context.ts';

/** What a peer's URL says, however its program divided it into application and stream name. */
export interface StreamAddress {
  /** Without empty parts: `live`, `gate-main`. */
  readonly path: readonly string[];
  readonly query: ReadonlyMap<string, string>;
}

const MOST_PARTS = 8;
const MOST_PARAMETERS = 16;

/**
 * Puts `rtmp://NODE/a/b/c?key=d` together again. Programs divide it after the first part or before the last, and leave the
 * query with either or with both.
 */
export function parseStreamAddress(application: string, streamName: string): StreamAddress {
  const parts = [application, streamName].map(splitQuery);
  const query = new Map<string, string>();
  for (const { search } of parts) {
    for (const [name, value] of new URLSearchParams(search)) {
      if (query.size < MOST_PARAMETERS) query.set(name, value);
    }
  }
  const path = parts.flatMap((part) => part.path.split('/')).filter((part) => part !== '');
  return { path: path.slice(0, MOST_PARTS), query };
}

function splitQuery(text: string): { readonly path: string; readonly search: string } {
  const mark = text.indexOf('?');
  return mark < 0 ? { path: text, search: '' } : { path: text.slice(0, mark), search: text.slice(mark + 1) };
}

export interface PushClaim {
  readonly name: string;
  readonly key: string;
}

/**
 * The stream that somebody wants to push, and the key that is to prove that it may. Cameras have one field for a URL, or one
 * for a server and one for a stream; some cannot hold a `?`. So any of these will do, with any application or none:
 * `rtmp://NODE/live/NAME?key=KEY`, `rtmp://NODE/live/NAME/KEY`, and `rtmp://NODE/live` with the stream `NAME?key=KEY` or
 * `NAME/KEY`.
 */
export function pushClaimOf({ path, query }: StreamAddress): PushClaim {
  const key = query.get('key');
  if (key !== undefined) return { name: path.at(-1) ?? '', key };
  return { name: path.at(-2) ?? '', key: path.at(-1) ?? '' };
}

export interface PlayRequest {
  readonly target: PlayTarget;
  readonly username: string;
  readonly password: string;
}

/**
 * The stream that somebody wants to play: `rtmp://NODE/live/CAMERA/main`, or `CAMERA-main` where a program has no room for
 * another part, with `?user=NAME&password=PASSWORD`, and `&sound=aac` for sound in AAC whatever the camera has. Undefined
 * where no stream is named.
 */
export function playRequestOf({ path, query }: StreamAddress): PlayRequest | undefined {
  const last = path.at(-1) ?? '';
  const joined = /^(?:(.+)-)?(main|sub)$/.exec(last);
  if (joined === null) return undefined;
  const [, cameraId = path.at(-2) ?? '', stream] = joined;
  return {
    target: {
      cameraId,
      stream: stream === 'sub' ? 'sub' : 'main',
      sound: query.get('sound') === 'aac' ? 'aac' : 'as-is',
    },
    username: query.get('user') ?? '',
    password: query.get('password') ?? '',
  };
}
