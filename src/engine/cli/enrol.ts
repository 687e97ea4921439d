import { Enrolment } from '../../shared/engine-api/index.ts';
import type { TokenScope } from '../../shared/engine-api/index.ts';
import { readOrMakeCertificate } from '../platform/certificate.ts';
import { DEFAULT_PORT, endpointFile } from '../platform/endpoint.ts';
import { engineLayout, makeDirectories } from '../platform/layout.ts';
import { readOrMakeNodeId } from '../platform/node-identity.ts';
import { releaseVersion } from '../platform/release.ts';
import { issueToken } from '../platform/tokens.ts';

export interface EnrolOptions {
  readonly directory: string;
  readonly scope: TokenScope;
  readonly tokenId: string | undefined;
}

/** Makes a token and returns everything that a desk needs to trust and use this engine. Works beside a running engine. */
export function enrol({ directory, scope, tokenId }: EnrolOptions): Enrolment {
  const layout = engineLayout(directory);
  makeDirectories(layout);
  const now = Date.now();
  const nodeId = readOrMakeNodeId(layout);
  const { pin } = readOrMakeCertificate(layout, now);
  const { id, token } = issueToken(layout, { scope, nowUtcMs: now, id: tokenId });
  return Enrolment.parse({
    nodeId,
    version: releaseVersion(),
    port: endpointFile(layout).read()?.port ?? DEFAULT_PORT,
    certificatePin: pin,
    token,
    tokenId: id,
    scope,
  });
}
