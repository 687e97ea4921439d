import { ActionIcon, Button, SegmentedControl, Tooltip } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import {
  IconChartDots,
  IconChevronLeft,
  IconChevronRight,
  IconDeviceCctv,
  IconLayoutGrid,
  IconLayoutSidebarRight,
  IconMaximize,
} from '@tabler/icons-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { WallLayout } from '../../../shared/contract/index.ts';
import { useDesk } from '../../api/index.ts';
import { createHandshakeQueue } from '../../player/index.ts';
import {
  EmptyState,
  FailureNotice,
  Page,
  Panel,
  compareNames,
  goTo,
  isTyping,
  usePlace,
} from '../../ui/index.ts';
import { useCameraRows } from '../fleet/index.ts';
import { useInventory } from '../inventory/index.ts';
import { CameraPicker } from './camera-picker.tsx';
import { fillWith, placeCamera, streamFor, swapTiles, tileCounts, wallPages } from './layout.ts';
import {
  changeLayout,
  liveOpener,
  loadLayout,
  setPicker,
  showPage,
  toggleStatistics,
  useWall,
  useWallView,
} from './store.ts';
import { WallTile } from './wall-tile.tsx';
import type { Dragged } from './wall-tile.tsx';
import './live-page.css';

/** Mantine passes over every input, and the choice of tiles is one: what matters is whether text is typed. */
const everywhere: string[] = [];
/** A letter that is typed must arrive. */
const keepDefault = { preventDefault: false };

export function LivePage() {
  const { t } = useTranslation();
  const desk = useDesk();
  const wall = useRef<HTMLDivElement>(null);
  const rows = useCameraRows();
  const inventoryLoaded = useInventory((state) => state.loaded);
  const { layout, loaded, failure } = useWall();
  const { page, showStatistics, showPicker } = useWallView();
  const singleId = usePlace((place) => place.query['camera']);
  const openLive = useMemo(() => liveOpener(desk), [desk]);
  const [queue] = useState(() => createHandshakeQueue());
  useEffect(() => {
    void loadLayout(desk);
  }, [desk]);

  const sorted = useMemo(() => [...rows].sort((a, b) => compareNames(a.camera.name, b.camera.name)), [rows]);
  const byId = useMemo(() => new Map(rows.map((row) => [row.camera.id, row])), [rows]);
  const watchable = useMemo(
    () => sorted.filter(({ camera }) => camera.nodeId !== undefined).map(({ camera }) => camera.id),
    [sorted],
  );
  const pages = useMemo(() => wallPages(layout, watchable), [layout, watchable]);
  const shownPage = Math.min(page, pages.length - 1);
  const tiles = pages[shownPage] ?? [];
  const isArranged = shownPage === 0;
  const single = singleId === undefined ? undefined : byId.get(singleId);

  const change = (next: WallLayout): void => {
    void changeLayout(desk, next);
  };
  const pick = (cameraId: string): void => {
    showPage(0);
    const free = (pages[0] ?? []).indexOf(null);
    change(placeCamera(layout, free === -1 ? layout.tileCount - 1 : free, cameraId));
  };
  const dropOn = (position: number, dragged: Dragged): void => {
    change(
      dragged.kind === 'tile'
        ? swapTiles(layout, dragged.position, position)
        : placeCamera(layout, position, dragged.cameraId),
    );
  };
  const fullscreen = (): void => {
    if (document.fullscreenElement === null) void wall.current?.requestFullscreen();
    else void document.exitFullscreen();
  };
  const turn = (by: number): void => {
    showPage((shownPage + by + pages.length) % pages.length);
  };
  useHotkeys(
    [
      [
        'f',
        ({ target }) => {
          if (!isTyping(target)) fullscreen();
        },
        keepDefault,
      ],
      [
        's',
        ({ target }) => {
          if (!isTyping(target)) toggleStatistics();
        },
        keepDefault,
      ],
      [
        'PageDown',
        () => {
          turn(1);
        },
      ],
      [
        'PageUp',
        () => {
          turn(-1);
        },
      ],
      [
        'Escape',
        () => {
          if (single !== undefined) goTo('live');
        },
      ],
    ],
    everywhere,
  );

  const toggleSingle = (cameraId: string): void => {
    goTo('live', single === undefined ? { camera: cameraId } : {});
  };
  const columns = single === undefined ? Math.sqrt(layout.tileCount) : 1;

  if (inventoryLoaded && watchable.length === 0) {
    return (
      <Page title={t('pages.live')}>
        <Panel fill title={t('pages.live')}>
          <EmptyState
            icon={<IconDeviceCctv size={26} stroke={1.4} />}
            title={t(rows.length === 0 ? 'wall.emptyTitle' : 'wall.noneAssignedTitle')}
            text={t(rows.length === 0 ? 'wall.emptyText' : 'wall.noneAssignedText')}
          >
            <Button
              onClick={() => {
                goTo(rows.length === 0 ? 'discover' : 'cameras');
              }}
            >
              {t(rows.length === 0 ? 'cameras.discover' : 'nodes.assignCameras')}
            </Button>
          </EmptyState>
        </Panel>
      </Page>
    );
  }
  return (
    <Page
      title={t('pages.live')}
      summary={
        single !== undefined &&
        t('wall.single', { node: single.nodeName ?? '–', address: single.camera.address })
      }
      actions={
        <>
          {single === undefined && pages.length > 1 && (
            <div className="wall-pages">
              <ActionIcon
                aria-label={t('wall.previousPage')}
                onClick={() => {
                  turn(-1);
                }}
              >
                <IconChevronLeft size={18} />
              </ActionIcon>
              <span className="numeric">{t('wall.page', { page: shownPage + 1, pages: pages.length })}</span>
              <ActionIcon
                aria-label={t('wall.nextPage')}
                onClick={() => {
                  turn(1);
                }}
              >
                <IconChevronRight size={18} />
              </ActionIcon>
            </div>
          )}
          {single === undefined ? (
            <SegmentedControl
              size="xs"
              aria-label={t('wall.grid')}
              data={tileCounts.map((count) => ({ value: String(count), label: String(count) }))}
              value={String(layout.tileCount)}
              onChange={(value) => {
                const tileCount = tileCounts.find((count) => String(count) === value);
                if (tileCount !== undefined) change({ ...layout, tileCount });
              }}
            />
          ) : (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconLayoutGrid size={16} />}
              onClick={() => {
                goTo('live');
              }}
            >
              {t('wall.backToGrid')}
            </Button>
          )}
          <Tooltip label={t('wall.statistics')}>
            <ActionIcon
              aria-label={t('wall.statistics')}
              aria-pressed={showStatistics}
              variant={showStatistics ? 'light' : 'subtle'}
              onClick={toggleStatistics}
            >
              <IconChartDots size={18} />
            </ActionIcon>
          </Tooltip>
          {single === undefined && (
            <Tooltip label={t('wall.cameras')}>
              <ActionIcon
                aria-label={t('wall.cameras')}
                aria-pressed={showPicker}
                variant={showPicker ? 'light' : 'subtle'}
                onClick={() => {
                  setPicker(!showPicker);
                }}
              >
                <IconLayoutSidebarRight size={18} />
              </ActionIcon>
            </Tooltip>
          )}
          <Tooltip label={t('wall.fullscreen')}>
            <ActionIcon aria-label={t('wall.fullscreen')} onClick={fullscreen}>
              <IconMaximize size={18} />
            </ActionIcon>
          </Tooltip>
        </>
      }
    >
      {failure !== undefined && <FailureNotice failure={failure} />}
      <div className="live">
        <div
          className="wall"
          ref={wall}
          style={{
            gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
            gridTemplateRows: `repeat(${columns}, minmax(0, 1fr))`,
          }}
        >
          {single !== undefined && (
            <WallTile
              key={single.camera.id}
              position={0}
              row={single}
              stream="main"
              queue={queue}
              openLive={openLive}
              showStatistics={showStatistics}
              isSingle
              columns={1}
              onChoose={() => undefined}
              onToggleSingle={() => {
                toggleSingle(single.camera.id);
              }}
            />
          )}
          {single === undefined &&
            loaded &&
            tiles.map((cameraId, position) => {
              const row = cameraId === null ? undefined : byId.get(cameraId);
              return (
                <WallTile
                  key={cameraId ?? `empty ${position}`}
                  position={position}
                  row={row}
                  stream={streamFor(layout.tileCount, row?.camera.subUri !== undefined)}
                  queue={queue}
                  openLive={openLive}
                  showStatistics={showStatistics}
                  isSingle={false}
                  columns={columns}
                  onDropped={
                    isArranged
                      ? (dragged) => {
                          dropOn(position, dragged);
                        }
                      : undefined
                  }
                  onRemove={
                    isArranged
                      ? () => {
                          change(placeCamera(layout, position, null));
                        }
                      : undefined
                  }
                  onChoose={() => {
                    setPicker(true);
                  }}
                  onToggleSingle={() => {
                    if (cameraId !== null) toggleSingle(cameraId);
                  }}
                />
              );
            })}
          {single === undefined && loaded && tiles.every((tile) => tile === null) && (
            <div className="wall__start">
              <EmptyState
                icon={<IconLayoutGrid size={26} stroke={1.4} />}
                title={t('wall.blankTitle')}
                text={t('wall.blankText')}
              >
                <Button
                  onClick={() => {
                    change(fillWith(watchable));
                  }}
                >
                  {t('wall.fill')}
                </Button>
              </EmptyState>
            </div>
          )}
        </div>
        {showPicker && single === undefined && (
          <div className="live__side">
            <Button
              size="xs"
              variant="default"
              fullWidth
              onClick={() => {
                change(fillWith(watchable));
              }}
            >
              {t('wall.fill')}
            </Button>
            <CameraPicker
              rows={sorted.filter(({ camera }) => camera.nodeId !== undefined)}
              onWall={new Set(pages[0])}
              onPick={pick}
              onClose={() => {
                setPicker(false);
              }}
            />
          </div>
        )}
      </div>
    </Page>
  );
}
