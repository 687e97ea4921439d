/** Live HLS: the newest seconds of a stream as fMP4 segments, for players that want files. */
export { HlsService, type HlsLimits, type HlsStatus, type PlaylistOutcome } from './hls-service.ts';
export { HlsTickets, type TicketPurpose } from './tickets.ts';
