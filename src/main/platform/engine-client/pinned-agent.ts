import { createHash } from 'node:crypto';
import { Agent, type AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';

/** Whoever answered does not hold the key that was pinned. */
export class PinMismatch extends Error {
  override readonly name = 'PinMismatch';
}

export interface PinnedPeer {
  readonly address: string;
  readonly port: number;
  /** Base64 SHA-256 of the certificate's SubjectPublicKeyInfo (RFC 7469 §2.4). */
  readonly certificatePin: string;
}

const connectTimeoutMs = 5000;

/**
 * Hands out TLS connections to one peer only after the peer has proven that it holds the pinned key, so that no byte of a
 * request, token included, can reach anybody else. There is no authority behind an engine's certificate: its public key is
 * all there is to trust, and neither names nor dates in it mean anything.
 */
export class PinnedAgent extends Agent {
  readonly #peer: PinnedPeer;

  constructor(peer: PinnedPeer, options: AgentOptions) {
    super(options);
    this.#peer = peer;
  }

  override createConnection(
    _options: unknown,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const socket = connect({
      host: this.#peer.address,
      port: this.#peer.port,
      minVersion: 'TLSv1.3',
      // The check of the key below takes the place of the check of the chain. Sessions are never resumed, so every
      // connection goes through it.
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    });
    const settle = (error: Error | null): void => {
      clearTimeout(deadline);
      socket.off('error', settle);
      if (error) socket.destroy();
      callback?.(error, socket);
    };
    const deadline = setTimeout(
      () => settle(Object.assign(new Error('no TLS connection in time'), { code: 'ETIMEDOUT' })),
      connectTimeoutMs,
    );
    socket.once('error', settle);
    socket.once('secureConnect', () => {
      const isPinned = pinOf(socket) === this.#peer.certificatePin;
      settle(isPinned ? null : new PinMismatch('the certificate has another public key'));
    });
    return undefined;
  }
}

function pinOf(socket: TLSSocket): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return undefined;
  const publicKey = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(publicKey).digest('base64');
}
