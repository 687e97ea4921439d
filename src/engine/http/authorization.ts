import type { TokenScope } from '../../shared/engine-api/index.ts';
import { scopePermits } from '../platform/tokens.ts';
import type { TokenBearer, TokenRegistry } from '../platform/tokens.ts';
import { ApiFailure } from './failure.ts';

/** The bearer token of a request, if it has one. */
export function presentedToken(header: string | undefined): string | undefined {
  return /^Bearer ([A-Za-z0-9_-]+)$/i.exec(header ?? '')?.[1];
}

/**
 * Lets a request with a fitting bearer token (RFC 6750 §2.1) through and says whose it is. Throws `ApiFailure`:
 * `unauthorized` without a valid token, `forbidden` when the token's scope does not reach.
 */
export function authorize(
  header: string | undefined,
  needed: TokenScope,
  tokens: TokenRegistry,
): TokenBearer {
  const token = presentedToken(header);
  const bearer = token === undefined ? undefined : tokens.bearerOf(token);
  if (bearer === undefined) {
    throw new ApiFailure('unauthorized', 'A valid bearer token is needed. Enrol the node to get one.', {
      headers: { 'www-authenticate': 'Bearer realm="belvedere-engine"' },
    });
  }
  if (!scopePermits(bearer.scope, needed)) {
    throw new ApiFailure(
      'forbidden',
      `This token has the scope ${bearer.scope}; ${needed} is needed. Enrol with that scope to get another token.`,
    );
  }
  return bearer;
}
