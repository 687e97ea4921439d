import type { TFunction } from 'i18next';
import { formatBitrate, formatFramesPerSecond } from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import { mainStream } from './camera-condition.ts';
import type { CameraRow } from './overview.ts';

/** Bitrate and frames a second of the main stream; a dash when nothing flows, never the last figure. */
export function flowColumns(
  t: TFunction,
  widths: { readonly rate: string; readonly frames: string },
): readonly Column<CameraRow>[] {
  return [
    {
      id: 'rate',
      title: t('columns.rate'),
      width: widths.rate,
      align: 'right',
      sortBy: ({ health }) => mainStream(health)?.bitrateBps,
      cell: ({ health }) => {
        const stream = mainStream(health);
        return stream?.state.kind === 'streaming' ? formatBitrate(stream.bitrateBps) : '–';
      },
    },
    {
      id: 'frames',
      title: t('columns.frames'),
      width: widths.frames,
      align: 'right',
      sortBy: ({ health }) => mainStream(health)?.framesPerSecond,
      cell: ({ health }) => {
        const stream = mainStream(health);
        return stream?.state.kind === 'streaming' ? formatFramesPerSecond(stream.framesPerSecond) : '–';
      },
    },
  ];
}
