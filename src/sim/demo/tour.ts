import { contract } from '../../shared/contract/index.ts';
import type { DeskClient } from './desk-client.ts';
import { countLiveFrames } from './live-frames.ts';

/** The simulated site as a person would be told about it. */
export interface SiteFacts {
  readonly cameraCount: number;
  readonly camera: { readonly username: string; readonly password: string };
  readonly nodes: readonly { readonly name: string; readonly address: string; readonly port: number }[];
  readonly node: { readonly username: string; readonly password: string };
}

export interface Tour {
  readonly desk: DeskClient;
  readonly site: SiteFacts;
  readonly signal: AbortSignal;
  /** Told when each stage is reached. */
  readonly onStage: (stage: Stage, elapsedMs: number) => void;
}

export type Stage = 'discovered' | 'added' | 'deployed' | 'assigned' | 'recording' | 'live';

/** Does through the desk's own procedures what a newcomer does with the mouse, up to recording. */
export async function setUpSite(tour: Tour): Promise<void> {
  const { desk, site, signal } = tour;
  const startedMs = performance.now();
  const reach = (stage: Stage) => tour.onStage(stage, Math.round(performance.now() - startedMs));

  const deviceIds = await discover(tour);
  reach('discovered');

  const { cameraIds } = await desk.call(contract.inventory.addCameras, { deviceIds });
  const nodeIds = await Promise.all(site.nodes.map((node) => addNode(tour, node)));
  reach('added');

  await Promise.all(nodeIds.map((nodeId) => deploy(tour, nodeId)));
  reach('deployed');

  const share = Math.ceil(cameraIds.length / nodeIds.length);
  for (const [index, nodeId] of nodeIds.entries()) {
    const part = cameraIds.slice(index * share, (index + 1) * share);
    if (part.length > 0) await desk.call(contract.inventory.assign, { cameraIds: part, nodeId });
  }
  await desk.call(contract.wall.setLayout, { tileCount: 9, cameraIds: cameraIds.slice(0, 16) });
  reach('assigned');

  await untilAllRecord(desk, new Set(cameraIds), signal);
  reach('recording');
}

/** Whether somebody set this site up before. */
export async function hasCameras(desk: DeskClient, signal: AbortSignal): Promise<boolean> {
  const event = await desk.first(contract.inventory.watch, () => true, signal);
  return event.kind === 'snapshot' && event.cameras.length > 0;
}

/** Opens every camera's sub stream through the desk's relay and waits until each has delivered `frames` frames. */
export async function proveLive(tour: Tour, frames: number): Promise<ReadonlyMap<string, number>> {
  const { desk, signal } = tour;
  const startedMs = performance.now();
  const inventory = await desk.first(contract.inventory.watch, (event) => event.kind === 'snapshot', signal);
  const cameraIds = inventory.kind === 'snapshot' ? inventory.cameras.map((camera) => camera.id) : [];
  const counted = await Promise.all(
    cameraIds.map(async (cameraId): Promise<[string, number]> => {
      const { path } = await desk.call(contract.wall.openLive, { cameraId, stream: 'sub' });
      return [cameraId, await countLiveFrames(desk.openMedia(path), frames, signal)];
    }),
  );
  tour.onStage('live', Math.round(performance.now() - startedMs));
  return new Map(counted);
}

async function discover({ desk, site, signal }: Tour): Promise<string[]> {
  await desk.call(contract.discovery.start, undefined);
  const found = await desk.first(
    contract.discovery.watch,
    (state) => state.cameras.length >= site.cameraCount && state.nodes.length >= site.nodes.length,
    signal,
  );
  const deviceIds = found.cameras.map((camera) => camera.id);
  await desk.call(contract.discovery.tryCredentials, { deviceIds, ...site.camera });
  await desk.first(
    contract.discovery.watch,
    (state) => state.cameras.filter((camera) => camera.access.kind === 'open').length >= site.cameraCount,
    signal,
  );
  return deviceIds;
}

async function addNode(
  { desk, site }: Tour,
  { name, address, port }: SiteFacts['nodes'][number],
): Promise<string> {
  const { fingerprint } = await desk.call(contract.inventory.readHostKey, { address, port });
  const { nodeId } = await desk.call(contract.inventory.addNode, {
    name,
    address,
    port,
    username: site.node.username,
    authentication: { kind: 'password', password: site.node.password },
    hostKeyFingerprint: fingerprint,
  });
  return nodeId;
}

async function deploy({ desk, signal }: Tour, nodeId: string): Promise<void> {
  const { runId } = await desk.call(contract.deploy.start, { nodeId });
  const { runs } = await desk.first(
    contract.runs.watch,
    (event) => event.runs.some((run) => run.id === runId && isOver(run.state.kind)),
    signal,
  );
  const run = runs.find((candidate) => candidate.id === runId);
  if (run?.state.kind === 'failed') throw new Error(`deploying to ${nodeId}: ${run.state.failure.message}`);
  if (run?.state.kind !== 'succeeded') throw new Error(`deploying to ${nodeId} ended as ${run?.state.kind}`);
}

function isOver(kind: string): boolean {
  return kind !== 'running' && kind !== 'cancelling';
}

async function untilAllRecord(
  desk: DeskClient,
  cameraIds: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const recording = new Set<string>();
  await desk.first(
    contract.fleet.watch,
    (event) => {
      for (const { cameraId, state } of event.cameras) {
        if (state.kind === 'reported' && state.recording.kind === 'recording') recording.add(cameraId);
        else recording.delete(cameraId);
      }
      return [...cameraIds].every((cameraId) => recording.has(cameraId));
    },
    signal,
  );
}
