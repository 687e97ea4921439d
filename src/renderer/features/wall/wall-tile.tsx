import { ActionIcon, Button } from '@mantine/core';
import {
  IconArrowsMaximize,
  IconArrowsMinimize,
  IconPlus,
  IconVolume,
  IconVolumeOff,
  IconX,
} from '@tabler/icons-react';
import { useState } from 'react';
import type { DragEvent, KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import type { StreamName } from '../../../shared/engine-api/camera.ts';
import { LiveTile } from '../../player/index.ts';
import type { HandshakeQueue, OpenLive } from '../../player/index.ts';
import { StateIcon } from '../../ui/index.ts';
import { moveFocus } from './focus.ts';
import { tileSound } from './sound.ts';
import type { TileSound } from './sound.ts';
import { cameraWords, conditionTone } from '../fleet/index.ts';
import type { CameraRow } from '../fleet/index.ts';

/** What is dragged onto a tile: a camera from the list, or another tile. */
export type Dragged =
  | { readonly kind: 'camera'; readonly cameraId: string }
  | { readonly kind: 'tile'; readonly position: number };

const mediaType = 'application/x-belvedere-tile';

export function carry(event: DragEvent, dragged: Dragged): void {
  event.dataTransfer.setData(
    mediaType,
    dragged.kind === 'camera' ? `camera ${dragged.cameraId}` : `tile ${dragged.position}`,
  );
  event.dataTransfer.effectAllowed = 'move';
}

function carried(event: DragEvent): Dragged | undefined {
  const [kind, value = ''] = event.dataTransfer.getData(mediaType).split(' ');
  if (kind === 'camera') return { kind, cameraId: value };
  if (kind === 'tile') return { kind, position: Number(value) };
  return undefined;
}

export interface WallTileProps {
  readonly position: number;
  readonly row: CameraRow | undefined;
  readonly stream: StreamName;
  readonly queue: HandshakeQueue;
  readonly openLive: OpenLive;
  readonly showStatistics: boolean;
  readonly isSingle: boolean;
  /** Tiles in a row, for the arrow keys. */
  readonly columns: number;
  /** Absent on pages that are not arranged by hand. */
  readonly onDropped?: ((dragged: Dragged) => void) | undefined;
  readonly onRemove?: (() => void) | undefined;
  readonly onChoose: () => void;
  /** Into the single view, or back from it. */
  readonly onToggleSingle: () => void;
}

/** What the site knows of a camera that sends nothing; the tile itself only sees that no picture comes. */
function explanationOf(t: TFunction, row: CameraRow, stream: StreamName): string | undefined {
  const { condition, health } = row;
  if (condition.kind === 'waiting' || condition.kind === 'lost') {
    const { label, detail } = cameraWords(t, condition);
    return `${label}: ${detail ?? ''}`;
  }
  // The sub stream is opened when somebody looks, and may be refused while the main stream is recorded.
  const shown = health?.state.kind === 'reported' ? health.state[stream]?.state : undefined;
  return shown?.kind === 'waiting'
    ? `${t('cameraCondition.waiting')}: ${t(`streamReason.${shown.reason}`)}`
    : undefined;
}

/** Why a camera is not heard, where it sends sound. */
function silenceWords(sound: TileSound): string | undefined {
  switch (sound.kind) {
    case 'none':
    case 'playable':
    case 'convertible':
      return undefined;
    case 'unavailable':
      return sound.detail;
  }
}

export function WallTile(props: WallTileProps) {
  const { t } = useTranslation();
  const { row, position, onDropped, onRemove, onToggleSingle } = props;
  const [isMuted, setMuted] = useState(true);
  const [refusal, setRefusal] = useState<string>();
  const dropTarget =
    onDropped === undefined
      ? {}
      : {
          onDragOver: (event: DragEvent) => {
            if (event.dataTransfer.types.includes(mediaType)) event.preventDefault();
          },
          onDrop: (event: DragEvent) => {
            const dragged = carried(event);
            if (dragged === undefined) return;
            event.preventDefault();
            onDropped(dragged);
          },
        };
  if (row === undefined) {
    return (
      <div className="wall-tile wall-tile--empty" {...dropTarget}>
        {onDropped !== undefined && (
          <Button variant="subtle" color="gray" leftSection={<IconPlus size={16} />} onClick={props.onChoose}>
            {t('wall.choose')}
          </Button>
        )}
      </div>
    );
  }
  const { camera, condition } = row;
  const state = cameraWords(t, condition).label;
  // Nine cameras at once are noise; one can be listened to.
  const sound: TileSound = props.isSingle ? tileSound(row.health, props.stream) : { kind: 'none' };
  const silence = silenceWords(sound) ?? (isMuted ? undefined : refusal);
  const canBeHeard = sound.kind === 'playable' || sound.kind === 'convertible';
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget) return;
    if (event.key === 'Enter') onToggleSingle();
    else if (event.key === 'Delete' || event.key === 'Backspace') onRemove?.();
    else if (!moveFocus(event.currentTarget, event.key, props.columns)) return;
    event.preventDefault();
  };
  return (
    // A tile is a place on the wall with controls in it; Enter and double click do what its button does, so nothing
    // depends on the mouse. There is no element for such a group.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      className="wall-tile"
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role
      role="group"
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- arrow keys move between tiles
      tabIndex={0}
      data-tile
      aria-label={t('wall.tile', { name: camera.name, state })}
      draggable={onDropped !== undefined}
      onDragStart={(event) => {
        carry(event, { kind: 'tile', position });
      }}
      onDoubleClick={onToggleSingle}
      onKeyDown={onKeyDown}
      {...dropTarget}
    >
      {/* Beside the picture, not on it: cameras burn their own clock and name into any of its corners. */}
      <div
        className={props.isSingle ? 'wall-tile__caption wall-tile__caption--single' : 'wall-tile__caption'}
      >
        <StateIcon tone={conditionTone(condition)} size={14} />
        <span className="wall-tile__name truncate">{camera.name}</span>
        <span
          className={
            condition.kind === 'recording' ? 'wall-tile__state wall-tile__state--calm' : 'wall-tile__state'
          }
        >
          {state}
        </span>
        {silence !== undefined && (
          <span className="wall-tile__silence" title={silence}>
            <IconVolumeOff size={14} aria-hidden />
            <span className="truncate">{silence}</span>
          </span>
        )}
        <div className="wall-tile__controls">
          {canBeHeard && (
            <ActionIcon
              variant="transparent"
              size={24}
              aria-label={t(isMuted ? 'wall.unmute' : 'wall.mute', { name: camera.name })}
              onClick={() => {
                setMuted(!isMuted);
              }}
            >
              {isMuted ? <IconVolumeOff size={16} /> : <IconVolume size={16} />}
            </ActionIcon>
          )}
          {onRemove !== undefined && !props.isSingle && (
            <ActionIcon
              variant="transparent"
              size={24}
              aria-label={t('wall.remove', { name: camera.name })}
              onClick={onRemove}
            >
              <IconX size={16} />
            </ActionIcon>
          )}
          <ActionIcon
            variant="transparent"
            size={24}
            aria-label={t(props.isSingle ? 'wall.back' : 'wall.enlarge', { name: camera.name })}
            onClick={onToggleSingle}
          >
            {props.isSingle ? <IconArrowsMinimize size={16} /> : <IconArrowsMaximize size={16} />}
          </ActionIcon>
        </div>
      </div>
      <LiveTile
        cameraId={camera.id}
        name={camera.name}
        stream={props.stream}
        // Converting costs the node a process: only while somebody listens.
        sound={sound.kind === 'convertible' && !isMuted ? 'aac' : undefined}
        queue={props.queue}
        openLive={props.openLive}
        showStatistics={props.showStatistics}
        isMuted={isMuted || !canBeHeard}
        onSilence={setRefusal}
        explanation={explanationOf(t, row, props.stream)}
      />
    </div>
  );
}
