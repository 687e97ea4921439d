import type {
  EngineCameraStatus,
  MasterConfig,
  MasterStatus,
  SlaveState,
  StreamState,
  StreamStatus,
} from '../../shared/engine-api/index.ts';

/** How each slave is, by what its streams show; nothing when the engine is no master. */
export function masterStatus(
  { slaves, cameras }: MasterConfig,
  present: { status(): readonly EngineCameraStatus[] },
): { readonly master?: MasterStatus } {
  if (slaves.length === 0) return {};
  const statusOf = new Map(present.status().map((status) => [status.id, status]));
  const streamsOf = new Map<string, StreamStatus[]>();
  for (const { id, slaveId } of cameras) {
    const status = statusOf.get(id);
    if (status === undefined) continue;
    const streams = streamsOf.get(slaveId) ?? [];
    streams.push(status.main, ...(status.sub === undefined ? [] : [status.sub]));
    streamsOf.set(slaveId, streams);
  }
  const master: MasterStatus = {
    slaves: slaves.map(({ id }) => {
      const streams = streamsOf.get(id) ?? [];
      const running = streams.filter(({ state }) => state.kind === 'streaming').length;
      return { id, state: slaveState(streams, running), streams: running };
    }),
  };
  return { master };
}

function failure(state: StreamState): Extract<SlaveState, { kind: 'failing' }> | undefined {
  switch (state.kind) {
    case 'idle':
    case 'streaming':
      return undefined;
    case 'connecting':
      return state.outage === undefined ? undefined : { kind: 'failing', ...state.outage };
    case 'waiting': {
      const { reason, detail, sinceUtcMs, outageSinceUtcMs = sinceUtcMs } = state;
      return { kind: 'failing', reason, detail, sinceUtcMs: outageSinceUtcMs };
    }
  }
}

/** One camera that does not come says little about the slave while others do. */
function slaveState(streams: readonly StreamStatus[], running: number): SlaveState {
  if (running > 0) return { kind: 'serving' };
  return (
    streams.map(({ state }) => failure(state)).find((failing) => failing !== undefined) ?? { kind: 'idle' }
  );
}
