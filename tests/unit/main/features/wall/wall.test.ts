import { beforeEach, describe, expect, it } from 'vitest';
import { createWallFeature } from '../../../../../src/main/features/wall/index.ts';
import { fail } from '../../../../../src/main/failure.ts';
import { migrations, openDatabase } from '../../../../../src/main/platform/database/index.ts';
import type { Database, EngineDirectory } from '../../../../../src/main/platform/ports.ts';

const { signal } = new AbortController();

let database: Database;
beforeEach(() => {
  database = openDatabase({ path: ':memory:', migrations });
  return () => void database.close();
});

function wall(engines: EngineDirectory) {
  const tickets: unknown[] = [];
  const { handlers } = createWallFeature({
    database,
    engines,
    issueTicket: (target) => `ticket-${tickets.push(target)}`,
  });
  return { handlers, tickets };
}

const engines: EngineDirectory = {
  forCamera: () => ({
    openLive: () => {
      throw new Error('Nothing is opened before the page comes with its ticket.');
    },
  }),
  liveSound: (cameraId, stream) =>
    cameraId === 'dock'
      ? { kind: 'unavailable', detail: 'Choose AAC.' }
      : { kind: stream === 'main' ? 'direct' : 'on-request' },
};

describe('the wall', () => {
  it('begins with four empty tiles and keeps the newest arrangement', async () => {
    const { handlers } = wall(engines);
    expect(await handlers.layout(undefined, signal)).toEqual({ tileCount: 4, cameraIds: [] });
    await handlers.setLayout({ tileCount: 1, cameraIds: ['gate', null, 'gate'] }, signal);
    await handlers.setLayout({ tileCount: 16, cameraIds: [null, 'yard', null] }, signal);
    expect(await handlers.layout(undefined, signal)).toEqual({ tileCount: 16, cameraIds: [null, 'yard'] });
  });

  it('gives a ticket for the picture that was asked for', async () => {
    const { handlers, tickets } = wall(engines);
    expect(await handlers.openLive({ cameraId: 'gate', stream: 'main' }, signal)).toEqual({
      path: '/media/live?ticket=ticket-1',
      hasAudio: true,
    });
    expect(await handlers.openLive({ cameraId: 'yard', stream: 'sub' }, signal)).toEqual({
      path: '/media/live?ticket=ticket-2',
      hasAudio: false,
    });
    expect(await handlers.openLive({ cameraId: 'dock', stream: 'main' }, signal)).toEqual({
      path: '/media/live?ticket=ticket-3',
      hasAudio: false,
      soundObstacle: 'Choose AAC.',
    });
    // Whether it can be converted, only the stream can tell.
    expect(await handlers.openLive({ cameraId: 'yard', stream: 'sub', sound: 'aac' }, signal)).toEqual({
      path: '/media/live?ticket=ticket-4',
    });
    expect(tickets).toEqual([
      { cameraId: 'gate', stream: 'main' },
      { cameraId: 'yard', stream: 'sub' },
      { cameraId: 'dock', stream: 'main' },
      { cameraId: 'yard', stream: 'sub', sound: 'aac' },
    ]);
  });

  it('gives none for a picture that nobody serves', () => {
    const { handlers, tickets } = wall({
      ...engines,
      forCamera: () => {
        throw fail('engine-unavailable', 'Node rec-2 is down.');
      },
    });
    expect(() => handlers.openLive({ cameraId: 'gate', stream: 'main' }, signal)).toThrow(
      'Node rec-2 is down.',
    );
    expect(tickets).toEqual([]);
  });
});
