/** All targets, by name on the command line. */
import type { FuzzTarget } from '../target.ts';
import { rtspTarget } from './rtsp.ts';

export const targets: readonly FuzzTarget[] = [rtspTarget];
