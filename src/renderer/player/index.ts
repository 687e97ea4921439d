export { createHandshakeQueue } from './handshake-queue.ts';
export type { HandshakeQueue } from './handshake-queue.ts';
export { LiveTile } from './live-tile.tsx';
export type { OpenLive } from './live-tile.tsx';
