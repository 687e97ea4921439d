import { Spotlight } from '@mantine/spotlight';
import type { SpotlightActionGroupData } from '@mantine/spotlight';
import {
  IconDeviceCctv,
  IconDeviceDesktop,
  IconMoon,
  IconSearch,
  IconServer2,
  IconSun,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useDesk } from '../api/index.ts';
import { useInventory } from '../features/inventory/index.ts';
import { chooseColorScheme } from '../features/site/index.ts';
import { pageIcons } from '../ui/frame/app-frame.tsx';
import { goTo } from '../ui/index.ts';
import { pageNames } from '../ui/navigation.ts';

const schemes = [
  ['dark', IconMoon],
  ['light', IconSun],
  ['auto', IconDeviceDesktop],
] as const;

/** Ctrl+K: to any page, camera or node by name. */
export function AppSpotlight() {
  const { t } = useTranslation();
  const cameras = useInventory((state) => state.cameras);
  const nodes = useInventory((state) => state.nodes);
  const desk = useDesk();
  const actions: SpotlightActionGroupData[] = [
    {
      group: t('spotlight.pages'),
      actions: pageNames.map((page) => {
        const Icon = pageIcons[page];
        return {
          id: `page ${page}`,
          label: t(`pages.${page}`),
          description: t(`spotlight.page.${page}`),
          leftSection: <Icon size={20} stroke={1.5} />,
          onClick: () => {
            goTo(page);
          },
        };
      }),
    },
    {
      group: t('spotlight.commands'),
      actions: schemes.map(([scheme, Icon]) => ({
        id: `scheme ${scheme}`,
        label: t(`frame.scheme.${scheme}`),
        leftSection: <Icon size={20} stroke={1.5} />,
        onClick: () => {
          void chooseColorScheme(desk, scheme);
        },
      })),
    },
    {
      group: t('pages.nodes'),
      actions: [...nodes.values()].map((node) => ({
        id: `node ${node.id}`,
        label: node.name,
        description: node.address,
        leftSection: <IconServer2 size={20} stroke={1.5} />,
        onClick: () => {
          goTo('nodes', { node: node.id });
        },
      })),
    },
    {
      group: t('pages.cameras'),
      actions: [...cameras.values()].map((camera) => ({
        id: `camera ${camera.id}`,
        label: camera.name,
        description: t('spotlight.watch', { address: camera.address }),
        leftSection: <IconDeviceCctv size={20} stroke={1.5} />,
        onClick: () => {
          goTo('live', { camera: camera.id });
        },
      })),
    },
  ];
  return (
    <Spotlight
      actions={actions}
      shortcut="mod + K"
      limit={12}
      scrollable
      maxHeight={440}
      nothingFound={t('spotlight.nothing')}
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: t('spotlight.placeholder'),
        'aria-label': t('spotlight.placeholder'),
      }}
    />
  );
}
