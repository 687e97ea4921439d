import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { makeFileOnce } from './atomic-file.ts';
import { EngineExit } from './exit.ts';
import type { EngineLayout } from './layout.ts';
import { stateFile } from './state-file.ts';

const FORMAT_VERSION = 1;
const NodeIdentity = z.object({ nodeId: z.uuid() });

/** The node's id: made once, then the same for as long as the engine's directory lives. */
export function readOrMakeNodeId(layout: EngineLayout): string {
  const file = stateFile({ path: layout.node, formatVersion: FORMAT_VERSION, schema: NodeIdentity });
  const existing = file.read();
  if (existing !== undefined) return existing.nodeId;
  makeFileOnce(layout.node, `${JSON.stringify({ formatVersion: FORMAT_VERSION, nodeId: randomUUID() })}\n`);
  const made = file.read();
  if (made === undefined)
    throw new EngineExit('damaged-state', `${layout.node} vanished while the engine started.`);
  return made.nodeId;
}
