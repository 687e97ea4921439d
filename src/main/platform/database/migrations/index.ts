import type { Migration } from '../migration.ts';
import { migration0001Site } from './0001-site.ts';

/** In order; one is only ever added at the end. */
export const migrations: readonly Migration[] = [migration0001Site];
