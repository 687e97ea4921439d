import type { Migration } from '../migration.ts';

export const migration0004ColorScheme: Migration = {
  version: 4,
  name: 'color scheme',
  sql: `
    -- How the pages of this site look; auto follows the operating system.
    ALTER TABLE site ADD COLUMN color_scheme TEXT NOT NULL DEFAULT 'auto'
      CHECK (color_scheme IN ('auto', 'dark', 'light'));
  `,
};
