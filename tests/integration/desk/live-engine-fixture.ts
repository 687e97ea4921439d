import { X509Certificate, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type Server, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import { certificatePin, selfSignedCertificatePem } from '../../../src/engine/platform/certificate.ts';
import { connectEngine } from '../../../src/main/platform/engine-client/index.ts';
import type { LiveEngine } from '../../../src/main/platform/ports.ts';

/** A live endpoint over TLS, of which a test decides every byte, and the desk's own client of it. */
export interface LiveEngineFixture extends AsyncDisposable {
  readonly engine: LiveEngine;
  /** The next viewer that comes, as the engine sees it. */
  nextViewer(): Promise<{ readonly viewer: WebSocket; readonly socket: TLSSocket }>;
}

export async function startLiveEngine(): Promise<LiveEngineFixture> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = selfSignedCertificatePem(privateKey, Date.now());
  const server = createServer({
    cert: certificate,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  });
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  await listen(server);
  return {
    engine: connectEngine({
      nodeName: 'rec-1',
      address: '127.0.0.1',
      port: addressOf(server).port,
      certificatePin: certificatePin(new X509Certificate(certificate)),
      token: 'A'.repeat(43),
    }),
    nextViewer: async () => {
      const [viewer, request] = await once(sockets, 'connection');
      return { viewer, socket: request.socket };
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of sockets.clients) client.terminate();
      sockets.close();
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The fixture does not listen.');
  return address;
}
