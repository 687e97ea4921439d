import type { CameraId, StreamName } from './camera.ts';

/** Paths of the engine's HTTPS API. Every one but `health` needs `Authorization: Bearer TOKEN`. */
export const enginePaths = {
  /** GET, no token. 200 or 503, body `Health`. */
  health: '/health',
  /** GET, no token. What this API offers: a page for people, and the same as OpenAPI 3.1. */
  docs: '/docs',
  openApi: '/docs/openapi.json',
  /** GET, scope metrics. Prometheus text format. */
  metrics: '/metrics',
  /** GET, scope view. `EngineStatus`. */
  status: '/api/v1/status',
  /** GET, scope view. `VolumeOverview`. */
  volumes: '/api/v1/volumes',
  /** GET scope view, PUT scope admin. */
  config: '/api/v1/config',
  /** GET, scope view. `EngineCameraList`, and one `EngineCameraStatus`. */
  cameras: '/api/v1/cameras',
  camera: (cameraId: CameraId): string => `/api/v1/cameras/${cameraId}`,
  /** GET, scope view, query `from`, `to` (ms UTC) and `limit`. `SegmentList`. */
  segments: (cameraId: CameraId): string => `/api/v1/cameras/${cameraId}/segments`,
  /** GET, scope view. The fMP4 file of one segment, byte ranges allowed. */
  segment: (cameraId: CameraId, segmentId: number): string =>
    `/api/v1/cameras/${cameraId}/segments/${segmentId}.mp4`,
  /** GET, scope view, query `TimelineQuery`. `Timeline`: what there is of a camera, and why there is nothing where there is not. */
  timeline: (cameraId: CameraId): string => `/api/v1/cameras/${cameraId}/timeline`,
  /** GET scope view: `LockList`. POST scope admin, body `LockOrder`: 201 and `FootageLock`. */
  locks: '/api/v1/locks',
  /** DELETE, scope admin. `LockRemoval`. */
  lock: (lockId: string): string => `/api/v1/locks/${lockId}`,
  /**
   * WebSocket, scope view. Binary messages, together one FLV file (header, sequence headers, the current group of
   * pictures, then live tags). `?sound=aac` asks for sound that FLV does not carry to be converted; `onMetaData` says in
   * `soundobstacle` why there is none. Close codes: `liveCloseCodes`.
   */
  live: (cameraId: CameraId, stream: StreamName): string => `/live/${cameraId}/${stream}`,
  /** GET, scope view. The same as one chunked answer without an end, for ffmpeg, VLC and whoever has no WebSocket. */
  liveFlv: (cameraId: CameraId, stream: StreamName): string => `/live/${cameraId}/${stream}.flv`,
  /** WebSocket, scope view, query `EventsQuery`. Text messages, each an `EventMessage`. Close codes: `liveCloseCodes`. */
  events: '/api/v1/events',
  /** GET, scope view, query `SnapshotQuery`. A JPEG picture; 501 where the node has no ffmpeg. */
  snapshot: (cameraId: CameraId): string => `/api/v1/cameras/${cameraId}/snapshot`,
  /** GET, scope view. A live HLS playlist (RFC 8216); its segments lie beside it. */
  hlsPlaylist: (cameraId: CameraId, stream: StreamName): string => `/hls/${cameraId}/${stream}/index.m3u8`,
  /** POST, scope view, body `HlsTicketOrder`. 201 and `HlsTicket`. */
  hlsTickets: (cameraId: CameraId): string => `/api/v1/cameras/${cameraId}/hls-tickets`,
} as const;

/** Why the engine closed a live WebSocket (RFC 6455 §7.4.2, private range). */
export const liveCloseCodes = {
  /** The token was revoked. */
  unauthorized: 4401,
  cameraUnknown: 4404,
  /** The viewer read too slowly for too long. */
  tooSlow: 4408,
  tooManyViewers: 4429,
  /** The camera stopped or its parameters changed; open again. */
  streamEnded: 4410,
  shuttingDown: 1001,
} as const;
