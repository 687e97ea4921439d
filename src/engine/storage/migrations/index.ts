import { segments } from './0001-segments.ts';
import { volumesGapsLocks } from './0002-volumes-gaps-locks.ts';

/** In order; the database's `user_version` is the number that have run. Never change one that was released. */
export const migrations: readonly string[] = [segments, volumesGapsLocks];
