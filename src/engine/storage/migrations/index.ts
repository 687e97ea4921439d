import { segments } from './0001-segments.ts';

/** In order; the database's `user_version` is the number that have run. Never change one that was released. */
export const migrations: readonly string[] = [segments];
