import { ActionIcon, TextInput } from '@mantine/core';
import { IconGripVertical, IconSearch, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { StateIcon } from '../../ui/index.ts';
import { conditionTone } from '../fleet/index.ts';
import type { CameraRow } from '../fleet/index.ts';
import { carry } from './wall-tile.tsx';

export interface CameraPickerProps {
  readonly rows: readonly CameraRow[];
  readonly onWall: ReadonlySet<string | null>;
  readonly onPick: (cameraId: string) => void;
  readonly onClose: () => void;
}

/** Beyond this many the search is quicker than the list. */
const shownAtMost = 100;

/** The cameras beside the wall: click puts one on the next free tile, or drag it to a tile. */
export function CameraPicker({ rows, onWall, onPick, onClose }: CameraPickerProps) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const wanted = text.trim().toLocaleLowerCase();
  const found = rows.filter(({ camera }) => camera.name.toLocaleLowerCase().includes(wanted));
  return (
    <aside className="picker" aria-label={t('wall.cameras')}>
      <div className="picker__bar">
        <TextInput
          size="xs"
          flex={1}
          type="search"
          aria-label={t('cameras.search')}
          placeholder={t('cameras.search')}
          leftSection={<IconSearch size={15} />}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
          }}
        />
        <ActionIcon aria-label={t('wall.closePicker')} onClick={onClose}>
          <IconX size={16} />
        </ActionIcon>
      </div>
      <ul className="picker__list">
        {found.slice(0, shownAtMost).map(({ camera, condition }) => (
          <li key={camera.id}>
            <button
              type="button"
              className="picker__camera"
              draggable
              onDragStart={(event) => {
                carry(event, { kind: 'camera', cameraId: camera.id });
              }}
              onClick={() => {
                onPick(camera.id);
              }}
            >
              <StateIcon tone={conditionTone(condition)} size={14} />
              <span className="truncate picker__name">{camera.name}</span>
              {onWall.has(camera.id) ? (
                <span className="dim picker__note">{t('wall.onWall')}</span>
              ) : (
                <IconGripVertical size={14} aria-hidden className="dim" />
              )}
            </button>
          </li>
        ))}
      </ul>
      {found.length > shownAtMost && (
        <div className="picker__more dim">{t('wall.moreCameras', { count: found.length - shownAtMost })}</div>
      )}
    </aside>
  );
}
