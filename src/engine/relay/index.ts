/** Relay: what a master needs to reach its slaves. */
export { PinMismatch, connectPinned, type PinnedPeer } from './pinned-connection.ts';
export { announcedGreetingBytes, greetingPieces, type GreetingPiece } from './greeting.ts';
export { readLiveMetadata } from './live-metadata.ts';
export { masterStatus } from './slave-status.ts';
