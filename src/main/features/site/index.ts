import { z } from 'zod';
import type { Site, siteContract } from '../../../shared/contract/index.ts';
import { ChangeListeners } from '../../change-listeners.ts';
import type { Database } from '../../platform/ports.ts';
import type { Feature } from '../feature.ts';
import { watchState } from '../state-stream.ts';

export interface SiteDependencies {
  readonly database: Database;
  /** What the desk says of itself; does not change while it runs. */
  readonly about: Omit<Site, 'name'>;
}

const Row = z.object({ name: z.string() });

/** The site's name, and what the desk says of itself. */
export function createSiteFeature({ database, about }: SiteDependencies): Feature<typeof siteContract> {
  const listeners = new ChangeListeners();
  const select = database.prepare('SELECT name FROM site');
  const update = database.prepare('UPDATE site SET name = ?');
  const read = (): Site => ({ ...about, name: Row.parse(select.get()).name });
  return {
    handlers: {
      watch: (_input, signal) =>
        watchState({ read, onChange: (listener) => listeners.add(listener) }, signal),
      rename: ({ name }) => {
        update.run(name);
        listeners.announce();
      },
    },
  };
}
