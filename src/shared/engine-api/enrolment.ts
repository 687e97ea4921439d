import { z } from 'zod';

export const TokenScope = z.enum(['admin', 'view', 'peer', 'metrics']);
export type TokenScope = z.infer<typeof TokenScope>;

/** What a node calls a token: 64 random bits that are no secret. Whoever enrols may choose them, to know them beforehand. */
export const TokenId = z.string().regex(/^[0-9a-f]{16}$/);

/** Exit status of `belvedere-engine revoke` when the node has no such token (any more). */
export const unknownTokenExitCode = 9;

/** Base64 SHA-256 of a certificate's SubjectPublicKeyInfo (RFC 7469 §2.4). */
export const CertificatePin = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);

/** 256 random bits in base64url. */
export const BearerToken = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/**
 * One line of JSON on standard output of `belvedere-engine enrol --dir DIR --scope admin [--token-id ID]`, read over SSH.
 * It makes the node's key and certificate if there are none yet, and a new token each time; the token is stored on the node
 * as a hash only.
 */
export const Enrolment = z.object({
  nodeId: z.uuid(),
  version: z.string(),
  port: z.int().min(1).max(65535),
  certificatePin: CertificatePin,
  token: BearerToken,
  tokenId: TokenId,
  scope: TokenScope,
});
export type Enrolment = z.infer<typeof Enrolment>;
