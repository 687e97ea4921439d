/** All targets, by name on the command line. */
import type { FuzzTarget } from '../target.ts';
import { amfTarget } from './amf.ts';
import { flvTarget } from './flv.ts';
import { playersTarget } from './players.ts';
import { rtmpTarget } from './rtmp.ts';
import { rtspTarget } from './rtsp.ts';

export const targets: readonly FuzzTarget[] = [rtspTarget, rtmpTarget, amfTarget, flvTarget, playersTarget];
