import { request } from 'node:https';
import { Health, enginePaths } from '../../shared/engine-api/index.ts';
import { readFileIfPresent } from '../platform/atomic-file.ts';
import { endpointFile, localAddress } from '../platform/endpoint.ts';
import { EngineExit } from '../platform/exit.ts';
import { engineLayout, errorCode } from '../platform/layout.ts';
import { parseJson } from '../platform/state-file.ts';

const TIMEOUT_MS = 3_000;
const ANSWER_LIMIT_BYTES = 4_096;
const CERTIFICATE_LIMIT_BYTES = 65_536;

/**
 * Asks the engine of a directory for its health, on the node itself. Only the holder of this directory's key can answer.
 * Throws `EngineExit` when it is not healthy.
 */
export async function checkHealth(directory: string): Promise<void> {
  const layout = engineLayout(directory);
  const endpoint = endpointFile(layout).read();
  const certificate = readFileIfPresent(layout.certificate, CERTIFICATE_LIMIT_BYTES);
  if (endpoint === undefined || certificate === undefined) {
    throw new EngineExit('unhealthy', `No engine has run in ${directory} yet.`);
  }
  const host = localAddress(endpoint.host);
  const answer = await new Promise<unknown>((resolve, reject) => {
    const asked = request(
      {
        host,
        port: endpoint.port,
        path: enginePaths.health,
        ca: certificate,
        // The key is what counts: the certificate names no host.
        checkServerIdentity: () => undefined,
        agent: false,
        timeout: TIMEOUT_MS,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > ANSWER_LIMIT_BYTES) response.destroy();
        });
        response.on('close', () => resolve(parseJson(text)));
      },
    );
    asked.on('timeout', () =>
      asked.destroy(new EngineExit('unhealthy', `it did not answer within ${TIMEOUT_MS / 1_000} s`)),
    );
    asked.on('error', reject);
    asked.end();
  }).catch((error: unknown) => {
    const why = error instanceof EngineExit ? error.message : errorCode(error);
    throw new EngineExit(
      'unhealthy',
      `The engine of ${directory} does not answer at ${host} port ${endpoint.port} (${why}).`,
    );
  });
  const health = Health.safeParse(answer);
  if (!health.success || health.data.status !== 'ok') {
    throw new EngineExit(
      'unhealthy',
      `The engine of ${directory} runs but ${complaint(health.data)}; its log and status say why.`,
    );
  }
}

/** What it cannot do. */
function complaint(health: Health | undefined): string {
  return health?.obstacle === 'index' ? 'its index of the footage is in trouble' : 'cannot record';
}
