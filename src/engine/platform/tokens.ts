import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { TokenId, TokenScope } from '../../shared/engine-api/index.ts';
import { syncDirectory } from './atomic-file.ts';
import { EngineExit } from './exit.ts';
import type { EngineLayout } from './layout.ts';
import { withPatience } from './patience.ts';
import { RepeatedFailure } from './repeated-failure.ts';
import { stateFile } from './state-file.ts';

const FORMAT_VERSION = 1;
const TOKEN_BYTES = 32;
const TOKEN_LIMIT = 256;
const TOKEN_SYNTAX = /^[A-Za-z0-9_-]{43}$/;
/** A revoked token is refused at the latest after this time. */
const FRESH_MS = 1_000;
/** File systems stamp directories in ticks of a few ms: a directory changed this recently may change again unseen. */
const STAMP_TICK_MS = 50;
const USE_WRITE_PERIOD_MS = 60_000;
/** After this a request is judged by what is known: the disk of the tokens hangs. */
const LOOK_PATIENCE_MS = 2_000;

const StoredToken = z.object({
  id: TokenId,
  scope: TokenScope,
  /** Lower-case hexadecimal SHA-256 of the token's text. The token has 256 random bits, so no slower hash is needed. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdUtcMs: z.number(),
});
type StoredToken = z.infer<typeof StoredToken>;

const TokenUse = z.object({ lastUsedUtcMs: z.record(TokenId, z.number()) });

/** What a token's bearer may do: admin everything, peer also view. */
const permits: Record<TokenScope, readonly TokenScope[]> = {
  admin: ['admin', 'view', 'peer', 'metrics'],
  peer: ['peer', 'view'],
  view: ['view'],
  metrics: ['metrics'],
};

export function scopePermits(held: TokenScope, needed: TokenScope): boolean {
  return permits[held].includes(needed);
}

export interface IssuedToken {
  readonly id: string;
  /** 43 characters of base64url. Exists only here; the node keeps its hash. */
  readonly token: string;
}

export interface TokenBearer {
  readonly tokenId: string;
  readonly scope: TokenScope;
}

export interface TokenOrder {
  readonly scope: TokenScope;
  readonly nowUtcMs: number;
  /** A `TokenId` that no token has yet; a random one unless told. */
  readonly id?: string | undefined;
}

/**
 * Makes a token, one file of its own: the command that enrols and the running engine never write the same file.
 * Throws `EngineExit` at `TOKEN_LIMIT`, and for an id that is none or is taken.
 */
export function issueToken(layout: EngineLayout, order: TokenOrder): IssuedToken {
  const { scope, nowUtcMs, id = randomBytes(8).toString('hex') } = order;
  if (!TokenId.safeParse(id).success) {
    throw new EngineExit('usage', '--token-id must be 16 hexadecimal digits in lower case.');
  }
  const known = tokenIds(layout);
  if (known.includes(id)) throw new EngineExit('usage', `This node already has a token ${id}.`);
  if (known.length >= TOKEN_LIMIT) {
    throw new EngineExit(
      'usage',
      `This node already has ${TOKEN_LIMIT} tokens, the most it keeps. Revoke some with: belvedere-engine revoke --dir ${layout.root} --token-id ID`,
    );
  }
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  tokenFile(layout, id).write({ id, scope, sha256: sha256(token).toString('hex'), createdUtcMs: nowUtcMs });
  return { id, token };
}

/** Throws `EngineExit` when there is no such token. */
export function revokeToken(layout: EngineLayout, tokenId: string): void {
  if (!tokenIds(layout).includes(tokenId)) {
    throw new EngineExit('unknown-token', `This node has no token ${tokenId}.`);
  }
  rmSync(join(layout.tokens, `${tokenId}.json`), { force: true });
  syncDirectory(layout.tokens);
}

/** Tells who presents a token. Follows the tokens' directory, so that an enrolment or revocation counts at once. */
export interface TokenRegistry {
  start(): Promise<void>;
  /** Resolves when nothing is asked of the disk any more. */
  stop(): Promise<void>;
  /**
   * To be awaited before `bearerOf` and `isValid`: looks into the directory when that was not done for a second, or when
   * nobody has this token. Never rejects, and a disk that fails or hangs leaves what is known in force.
   */
  freshen(token?: string): Promise<void>;
  bearerOf(token: string): TokenBearer | undefined;
  /** False once it was revoked; for connections that outlive the request which opened them. */
  isValid(tokenId: string): boolean;
}

export function createTokenRegistry(layout: EngineLayout, clock: Clock, log: Log): TokenRegistry {
  const use = createUseRecord(layout, clock, log);
  const failure = new RepeatedFailure(
    log,
    'The tokens cannot be looked up; those that are known stay valid.',
  );
  let tokens: readonly KnownToken[] = [];
  let checkedMonotonicMs = Number.NEGATIVE_INFINITY;
  let readStampMs = Number.NaN;
  let lastLook = Promise.resolve();
  let nextLook: Promise<void> | undefined;
  let isAnswering = true;
  let writing: Disposable | undefined;

  const refresh = async (): Promise<void> => {
    checkedMonotonicMs = clock.monotonicMs();
    try {
      const { mtimeMs: stampMs } = await stat(layout.tokens);
      if (stampMs !== readStampMs) {
        const isSettled = Math.abs(clock.utcMs() - stampMs) >= STAMP_TICK_MS;
        tokens = await readTokens(layout, log);
        readStampMs = isSettled ? stampMs : Number.NaN;
      }
      failure.noteSuccess();
    } catch (error) {
      failure.note(error);
    }
    isAnswering = true;
  };

  /** Begins after the call, so that it sees what there was at the call. One at a time, and one more waits. */
  const look = (): Promise<void> => {
    nextLook ??= lastLook.then(() => {
      nextLook = undefined;
      lastLook = refresh();
      return lastLook;
    });
    return nextLook;
  };

  return {
    async start() {
      await use.load();
      tokens = await readTokens(layout, log);
      writing = clock.every(USE_WRITE_PERIOD_MS, () => void use.store(tokens));
    },
    async stop() {
      writing?.[Symbol.dispose]();
      await Promise.all([nextLook ?? lastLook, use.store(tokens)]);
    },
    async freshen(token) {
      const isStale = clock.monotonicMs() - checkedMonotonicMs > FRESH_MS;
      const isUnknown =
        token !== undefined && TOKEN_SYNTAX.test(token) && findToken(tokens, token) === undefined;
      if (!isAnswering || (!isStale && !isUnknown)) return;
      if ((await withPatience(clock, LOOK_PATIENCE_MS, look())) === 'done' || !isAnswering) return;
      isAnswering = false;
      failure.note(new Error(`No answer for ${LOOK_PATIENCE_MS / 1_000} s.`));
    },
    bearerOf(token) {
      const match = TOKEN_SYNTAX.test(token) ? findToken(tokens, token) : undefined;
      if (match === undefined) return undefined;
      use.note(match.id);
      return { tokenId: match.id, scope: match.scope };
    },
    isValid: (tokenId) => tokens.some(({ id }) => id === tokenId),
  };
}

interface KnownToken extends StoredToken {
  readonly digest: Buffer;
}

interface UseRecord {
  load(): Promise<void>;
  note(tokenId: string): void;
  /** Writes down what is new, of these tokens, unless that is still being done. Never rejects. */
  store(tokens: readonly KnownToken[]): Promise<void>;
}

/** When each token was last used. Nothing depends on it: what cannot be read or written is logged and done without. */
function createUseRecord(layout: EngineLayout, clock: Clock, log: Log): UseRecord {
  const file = stateFile({ path: layout.tokenUse, formatVersion: FORMAT_VERSION, schema: TokenUse });
  const failure = new RepeatedFailure(log, 'When tokens were last used could not be written down.');
  let lastUsedUtcMs: Record<string, number> = {};
  let isChanged = false;
  let writing: Promise<void> | undefined;

  const write = async (tokens: readonly KnownToken[]): Promise<void> => {
    isChanged = false;
    const known = tokens.flatMap(({ id }) => {
      const at = lastUsedUtcMs[id];
      return at === undefined ? [] : [[id, at] as const];
    });
    try {
      await file.store({ lastUsedUtcMs: Object.fromEntries(known) });
      failure.noteSuccess();
    } catch (error) {
      isChanged = true;
      failure.note(error);
    } finally {
      writing = undefined;
    }
  };

  return {
    async load() {
      try {
        lastUsedUtcMs = (await file.load())?.lastUsedUtcMs ?? {};
      } catch (error) {
        log.warn({ error }, 'When tokens were last used is not known any more.');
      }
    },
    note(tokenId) {
      lastUsedUtcMs[tokenId] = clock.utcMs();
      isChanged = true;
    },
    async store(tokens) {
      if (isChanged && writing === undefined) writing = write(tokens);
      await writing;
    },
  };
}

/** Compares with every token, so that the time taken says nothing about any of them. */
function findToken<Token extends { readonly digest: Buffer }>(
  tokens: readonly Token[],
  presented: string,
): Token | undefined {
  const digest = sha256(presented);
  let match: Token | undefined;
  for (const token of tokens) if (timingSafeEqual(token.digest, digest)) match = token;
  return match;
}

async function readTokens(layout: EngineLayout, log: Log): Promise<KnownToken[]> {
  const names = await readdir(layout.tokens);
  const ids = tokenIdsOf(names).slice(0, TOKEN_LIMIT);
  const tokens: KnownToken[] = [];
  // One after the other: a disk that hangs must not keep more than one thread of those that all disks share.
  for (const id of ids) {
    const token = await readToken(layout, id, log);
    if (token !== undefined) tokens.push(token);
  }
  return tokens;
}

async function readToken(layout: EngineLayout, id: string, log: Log): Promise<KnownToken | undefined> {
  try {
    const token = await tokenFile(layout, id).load();
    return token === undefined ? undefined : { ...token, digest: Buffer.from(token.sha256, 'hex') };
  } catch (error) {
    // One damaged file locks out one bearer, not all of them.
    log.warn({ tokenId: id, error }, 'A token is refused because its file cannot be used.');
    return undefined;
  }
}

function tokenIds(layout: EngineLayout): string[] {
  return tokenIdsOf(readdirSync(layout.tokens));
}

function tokenIdsOf(names: readonly string[]): string[] {
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .filter((id) => TokenId.safeParse(id).success)
    .sort();
}

function tokenFile(layout: EngineLayout, id: string): ReturnType<typeof stateFile<StoredToken>> {
  return stateFile({
    path: join(layout.tokens, `${id}.json`),
    formatVersion: FORMAT_VERSION,
    schema: StoredToken,
  });
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
