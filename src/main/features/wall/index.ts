import { z } from 'zod';
import { WallLayout, deskPaths, type wallContract } from '../../../shared/contract/index.ts';
import type { CameraId, StreamName } from '../../../shared/engine-api/index.ts';
import type { Database, EngineDirectory } from '../../platform/ports.ts';
import type { Feature } from '../feature.ts';

interface LiveTarget {
  readonly cameraId: CameraId;
  readonly stream: StreamName;
  readonly sound?: 'aac' | undefined;
}

export interface WallDependencies {
  readonly database: Database;
  readonly engines: EngineDirectory;
  /** A word that opens one live connection to this picture, once, within 30 s. */
  readonly issueTicket: (target: LiveTarget) => string;
}

const WallRow = z.object({ tileCount: z.int() });
const TileRow = z.object({ position: z.int(), cameraId: z.string() });

/** The arrangement of live pictures, and the way to each of them. */
export function createWallFeature(dependencies: WallDependencies): Feature<typeof wallContract> {
  const { database, engines, issueTicket } = dependencies;
  const selectWall = database.prepare('SELECT tile_count AS tileCount FROM wall');
  const selectTiles = database.prepare(
    'SELECT position, camera_id AS cameraId FROM wall_tile ORDER BY position',
  );
  const updateWall = database.prepare('UPDATE wall SET tile_count = ?');
  const clearTiles = database.prepare('DELETE FROM wall_tile');
  const insertTile = database.prepare('INSERT INTO wall_tile (position, camera_id) VALUES (?, ?)');

  const store = database.transaction((layout: WallLayout) => {
    updateWall.run(layout.tileCount);
    clearTiles.run();
    for (const [position, cameraId] of layout.cameraIds.entries())
      if (cameraId !== null) insertTile.run(position, cameraId);
  });

  return {
    handlers: {
      layout: () => {
        const { tileCount } = WallRow.parse(selectWall.get());
        const tiles = z.array(TileRow).parse(selectTiles.all());
        const cameraIds: (CameraId | null)[] = [];
        for (const { position, cameraId } of tiles) {
          while (cameraIds.length < position) cameraIds.push(null);
          cameraIds.push(cameraId);
        }
        return WallLayout.parse({ tileCount, cameraIds });
      },
      setLayout: (layout) => store(layout),
      openLive: (target) => {
        const sound = engines.liveSound(target.cameraId, target.stream);
        // Fails here, in words, instead of in the connection that the ticket opens.
        engines.forCamera(target.cameraId);
        return {
          path: `${deskPaths.liveMedia}?ticket=${issueTicket(target)}`,
          ...(sound.kind === 'on-request' && target.sound === 'aac'
            ? {}
            : { hasAudio: sound.kind === 'direct' }),
          ...(sound.kind === 'unavailable' ? { soundObstacle: sound.detail } : {}),
        };
      },
    },
  };
}
