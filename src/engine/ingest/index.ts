/** Ingest: one stream of a camera, kept connected, as samples on one timeline. */
export type { MediaSource, OpenSource, SourceSink } from './media-source.ts';
export { relaySource, type RelaySourceOptions } from './relay-source.ts';
export { rtspSource } from './rtsp-source.ts';
export type { RtspSourceLimits, RtspSourceOptions } from './rtsp-source.ts';
export type { AudioUnit, PipelineTracks, SamplePipeline, VideoUnit } from './sample-pipeline.ts';
export { createStreamIngest, DEFAULT_INGEST_LIMITS } from './stream-ingest.ts';
export type { IngestLimits, IngestStatus, StreamIngest, StreamIngestOptions } from './stream-ingest.ts';
export { PUSH_INGEST_LIMITS, rtmpPushSource, type RtmpPushSourceOptions } from './rtmp-push-source.ts';
