import type { Migration } from '../migration.ts';
import { migration0001Site } from './0001-site.ts';
import { migration0002Inventory } from './0002-inventory.ts';
import { migration0003Runs } from './0003-runs.ts';
import { migration0004ColorScheme } from './0004-color-scheme.ts';
import { migration0005EngineTokens } from './0005-engine-tokens.ts';

/** In order; one is only ever added at the end. */
export const migrations: readonly Migration[] = [
  migration0001Site,
  migration0002Inventory,
  migration0003Runs,
  migration0004ColorScheme,
  migration0005EngineTokens,
];
