import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { certificatePin } from '../platform/certificate.ts';

/** Whoever answered does not hold the key that was pinned. */
export class PinMismatch extends Error {
  override readonly name = 'PinMismatch';
}

export interface PinnedPeer {
  readonly host: string;
  readonly port: number;
  /** See `certificatePin`. */
  readonly certificatePin: string;
}

/**
 * Connects to a peer and resolves only when it has proven that it holds the pinned key, so that no byte of a request, token
 * included, can reach anybody else. Rejects with `PinMismatch`, the signal's reason, or the system's error.
 */
export async function connectPinned(peer: PinnedPeer, signal: AbortSignal): Promise<TLSSocket> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({
    host: peer.host,
    port: peer.port,
    minVersion: 'TLSv1.2',
    // There is no authority behind an engine's certificate: the check of its key takes the place of the check of the chain.
    // Sessions are never resumed, so every connection goes through it.
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  socket.setNoDelay(true);
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('The peer closed the connection.')));
  socket.once('secureConnect', () => resolve());
  try {
    await promise;
    if (!isPinned(socket, peer.certificatePin)) throw new PinMismatch('The peer has another public key.');
    return socket;
  } catch (error) {
    socket.on('error', () => undefined);
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    socket.off('error', reject);
  }
}

function isPinned(socket: TLSSocket, pin: string): boolean {
  const certificate = socket.getPeerX509Certificate();
  return certificate instanceof X509Certificate && certificatePin(certificate) === pin;
}
