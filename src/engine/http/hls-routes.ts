import { z } from 'zod';
import {
  CameraId,
  HlsTicket,
  HlsTicketOrder,
  StreamName,
  enginePaths,
} from '../../shared/engine-api/index.ts';
import type { HlsTickets, PlaylistOutcome } from '../hls/index.ts';
import type { TicketPurpose } from '../hls/index.ts';
import type { TokenRegistry } from '../platform/tokens.ts';
import { bytesAnswer, jsonAnswer, textAnswer } from './answer.ts';
import type { EngineApi } from './engine-api.ts';
import { ApiFailure } from './failure.ts';
import { noInput, route } from './route.ts';
import type { Route } from './route.ts';

const playlistType = 'application/vnd.apple.mpegurl';
const segmentType = 'video/mp4';

const StreamParams = z.object({ cameraId: CameraId, stream: StreamName });
const FileName = z.string().regex(/^(init-\d{1,12}\.mp4|segment-\d{1,12}\.m4s)$/, 'a file of a playlist');
const Ticket = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'a ticket');

interface HlsRouteOptions {
  readonly engine: EngineApi;
  readonly tickets: HlsTickets;
  readonly tokens: TokenRegistry;
}

/** Live streams as HLS: with a token, or with a ticket in the path for players that cannot send one. */
export function hlsRoutes({ engine, tickets, tokens }: HlsRouteOptions): readonly Route[] {
  const playlist = async ({ cameraId, stream }: StreamTarget): Promise<string> =>
    textOf(await engine.hls.playlist(cameraId, stream), { cameraId, stream });
  const file = ({ cameraId, stream }: StreamTarget, name: string): readonly Uint8Array[] => {
    const bytes = engine.hls.file(cameraId, stream, name);
    if (bytes === undefined) {
      throw new ApiFailure('not-found', 'There is no such segment any more. Read the playlist again.');
    }
    return [bytes];
  };
  const purposeOf = async (ticket: string): Promise<TicketPurpose> => {
    await tokens.freshen();
    const purpose = tickets.use(ticket);
    if (purpose === undefined || !tokens.isValid(purpose.tokenId)) {
      throw new ApiFailure('unauthorized', 'This ticket is void. Ask for another one with a token.');
    }
    return purpose;
  };
  return [
    route({
      ...noInput,
      method: 'GET',
      path: '/hls/:cameraId/:stream/index.m3u8',
      scope: 'view',
      summary: 'Watch a stream of a camera as live HLS',
      params: StreamParams,
      answer: textAnswer(playlistType),
      handle: ({ params }) => playlist(params),
    }),
    route({
      ...noInput,
      method: 'GET',
      path: '/hls/:cameraId/:stream/:file',
      scope: 'view',
      summary: 'Read a segment or an initialization segment that a playlist names',
      params: StreamParams.extend({ file: FileName }),
      answer: bytesAnswer(segmentType),
      handle: ({ params }) => file(params, params.file),
    }),
    route({
      ...noInput,
      method: 'POST',
      path: enginePaths.hlsTickets(':cameraId'),
      scope: 'view',
      summary: 'Ask for a path that plays a stream as HLS without a token',
      params: z.object({ cameraId: CameraId }),
      body: HlsTicketOrder,
      answer: jsonAnswer(HlsTicket, { statuses: [201], statusOf: () => 201 }),
      handle({ params, body, bearer }) {
        if (bearer === undefined) throw new Error('A route with a scope was called without a bearer.');
        const issued = tickets.issue({ ...params, ...body, tokenId: bearer.tokenId });
        if (issued === undefined) {
          throw new ApiFailure(
            'too-many',
            'Too many tickets are in use. They become void a minute after their last use.',
          );
        }
        const { ticket, idleMs, lifetimeMs } = issued;
        return { path: `/hls-ticket/${ticket}/index.m3u8`, idleMs, lifetimeMs };
      },
    }),
    route({
      ...noInput,
      method: 'GET',
      path: '/hls-ticket/:ticket/index.m3u8',
      scope: 'none',
      summary: 'Watch as live HLS what a ticket is for',
      params: z.object({ ticket: Ticket }),
      answer: textAnswer(playlistType),
      handle: async ({ params }) => playlist(await purposeOf(params.ticket)),
    }),
    route({
      ...noInput,
      method: 'GET',
      path: '/hls-ticket/:ticket/:file',
      scope: 'none',
      summary: 'Read a segment of what a ticket is for',
      params: z.object({ ticket: Ticket, file: FileName }),
      answer: bytesAnswer(segmentType),
      handle: async ({ params }) => file(await purposeOf(params.ticket), params.file),
    }),
  ];
}

type StreamTarget = Pick<TicketPurpose, 'cameraId' | 'stream'>;

function textOf(outcome: PlaylistOutcome, { cameraId, stream }: StreamTarget): string {
  switch (outcome.kind) {
    case 'playlist':
      return outcome.text;
    case 'switched-off':
      throw new ApiFailure(
        'not-found',
        'HLS is switched off. Enable it in the section serve of the configuration.',
      );
    case 'unknown-stream':
      throw new ApiFailure('not-found', `This engine has no ${stream} stream of ${cameraId}.`);
    case 'too-many':
      throw new ApiFailure(
        'too-many',
        `This engine serves ${outcome.maximumStreams} streams as HLS at most. Others become free ${outcome.idleMs / 1_000} s after their last viewer.`,
      );
    case 'no-memory':
      throw new ApiFailure(
        'too-many',
        `The ${outcome.memoryMebibytes} MiB that this engine has for HLS are in use by other streams. They become free ${outcome.idleMs / 1_000} s after their last viewer; serve.hls.memoryMebibytes in the configuration gives more.`,
      );
    case 'not-ready':
      throw new ApiFailure(
        'unavailable',
        `The ${stream} stream of ${cameraId} has no picture yet. Try again.`,
        {
          headers: { 'retry-after': '2' },
        },
      );
  }
}
