/** Ingest: one stream of a camera, kept connected, as samples on one timeline. */
export { createStreamIngest, DEFAULT_INGEST_LIMITS } from './stream-ingest.ts';
export type { IngestLimits, StreamIngest } from './stream-ingest.ts';
