import { z } from 'zod';
import { ColorScheme, type Site, type siteContract } from '../../../shared/contract/index.ts';
import { ChangeListeners } from '../../change-listeners.ts';
import type { Database } from '../../platform/ports.ts';
import type { Feature } from '../feature.ts';
import { watchState } from '../state-stream.ts';

export interface SiteDependencies {
  readonly database: Database;
  /** What the desk says of itself; does not change while it runs. */
  readonly about: Omit<Site, 'name' | 'colorScheme'>;
}

const Row = z.object({ name: z.string(), colorScheme: ColorScheme });

/** The site's name and look, and what the desk says of itself. */
export function createSiteFeature({ database, about }: SiteDependencies): Feature<typeof siteContract> {
  const listeners = new ChangeListeners();
  const select = database.prepare('SELECT name, color_scheme AS colorScheme FROM site');
  const updateName = database.prepare('UPDATE site SET name = ?');
  const updateColorScheme = database.prepare('UPDATE site SET color_scheme = ?');
  const read = (): Site => ({ ...about, ...Row.parse(select.get()) });
  return {
    handlers: {
      watch: (_input, signal) =>
        watchState({ read, onChange: (listener) => listeners.add(listener) }, signal),
      rename: ({ name }) => {
        updateName.run(name);
        listeners.announce();
      },
      setColorScheme: ({ colorScheme }) => {
        updateColorScheme.run(colorScheme);
        listeners.announce();
      },
    },
  };
}
