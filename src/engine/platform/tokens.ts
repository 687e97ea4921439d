import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { TokenId, TokenScope } from '../../shared/engine-api/index.ts';
import { syncDirectory } from './atomic-file.ts';
import { EngineExit } from './exit.ts';
import type { EngineLayout } from './layout.ts';
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
  start(): void;
  stop(): void;
  bearerOf(token: string): TokenBearer | undefined;
  /** False once it was revoked; for connections that outlive the request which opened them. */
  isValid(tokenId: string): boolean;
}

export function createTokenRegistry(layout: EngineLayout, clock: Clock, log: Log): TokenRegistry {
  const useFile = stateFile({ path: layout.tokenUse, formatVersion: FORMAT_VERSION, schema: TokenUse });
  let tokens: readonly (StoredToken & { readonly digest: Buffer })[] = [];
  let lastUsedUtcMs: Record<string, number> = {};
  let used = false;
  let checkedMonotonicMs = Number.NEGATIVE_INFINITY;
  let readStampMs = Number.NaN;
  let writing: Disposable | undefined;

  const refresh = (): void => {
    checkedMonotonicMs = clock.monotonicMs();
    const stampMs = statSync(layout.tokens).mtimeMs;
    if (stampMs === readStampMs) return;
    tokens = readTokens(layout, log).map((token) => ({ ...token, digest: Buffer.from(token.sha256, 'hex') }));
    readStampMs = Math.abs(clock.utcMs() - stampMs) < STAMP_TICK_MS ? Number.NaN : stampMs;
  };

  const writeUse = (): void => {
    if (!used) return;
    used = false;
    const known = tokens.flatMap(({ id }) => {
      const at = lastUsedUtcMs[id];
      return at === undefined ? [] : [[id, at] as const];
    });
    useFile.write({ lastUsedUtcMs: Object.fromEntries(known) });
  };

  return {
    start() {
      lastUsedUtcMs = useFile.read()?.lastUsedUtcMs ?? {};
      refresh();
      writing = clock.every(USE_WRITE_PERIOD_MS, writeUse);
    },
    stop() {
      writing?.[Symbol.dispose]();
      writeUse();
    },
    bearerOf(token) {
      if (!TOKEN_SYNTAX.test(token)) return undefined;
      if (clock.monotonicMs() - checkedMonotonicMs > FRESH_MS) refresh();
      let match = findToken(tokens, token);
      if (match === undefined) {
        refresh();
        match = findToken(tokens, token);
      }
      if (match === undefined) return undefined;
      lastUsedUtcMs[match.id] = clock.utcMs();
      used = true;
      return { tokenId: match.id, scope: match.scope };
    },
    isValid(tokenId) {
      if (clock.monotonicMs() - checkedMonotonicMs > FRESH_MS) refresh();
      return tokens.some(({ id }) => id === tokenId);
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

function readTokens(layout: EngineLayout, log: Log): StoredToken[] {
  return tokenIds(layout)
    .slice(0, TOKEN_LIMIT)
    .flatMap((id) => {
      try {
        return tokenFile(layout, id).read() ?? [];
      } catch (error) {
        // One damaged file locks out one bearer, not all of them.
        log.warn({ tokenId: id, error }, 'A token is refused because its file cannot be used.');
        return [];
      }
    });
}

function tokenIds(layout: EngineLayout): string[] {
  return readdirSync(layout.tokens)
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
