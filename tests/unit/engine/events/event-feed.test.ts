import { describe, expect, it } from 'vitest';
import { EventFeed, announceGaps } from '../../../../src/engine/events/index.ts';
import type { FeedLimits, ListenerSink } from '../../../../src/engine/events/index.ts';
import { EventMessage, liveCloseCodes } from '../../../../src/shared/engine-api/index.ts';
import type {
  EngineCameraStatus,
  Gap,
  RecordingState,
  StreamStatus,
} from '../../../../src/shared/engine-api/index.ts';
import { manualClock } from '../live/manual-clock.ts';

const stream: StreamStatus = {
  state: { kind: 'streaming', sinceUtcMs: 1 },
  bitrateBps: 0,
  framesPerSecond: 0,
  viewers: 0,
  framesReceived: 0,
  framesLost: 0,
  reconnects: 0,
};

function camera(id: string, recording: RecordingState = { kind: 'off' }): EngineCameraStatus {
  return { id, recording, bytesRecorded: 0, main: stream };
}

class TestSink implements ListenerSink {
  readonly messages: EventMessage[] = [];
  queuedBytes = 0;
  closed: number | undefined;

  send(text: string): void {
    this.messages.push(EventMessage.parse(JSON.parse(text)));
  }

  bufferedBytes(): number {
    return this.queuedBytes;
  }

  close(code: number): void {
    this.closed = code;
  }

  /** `snapshot 3`, `resumed 3`, `4 camera gate`. */
  lines(): string[] {
    return this.messages.map((message) => {
      if (message.kind !== 'event') return `${message.kind} ${message.sequence}`;
      const { event } = message;
      switch (event.kind) {
        case 'camera':
          return `${message.sequence} camera ${event.camera.id} ${event.camera.recording.kind}`;
        case 'camera-removed':
          return `${message.sequence} camera-removed ${event.id}`;
        case 'volume':
          return `${message.sequence} volume ${event.volume.name} ${event.volume.state.kind}`;
        case 'volume-removed':
          return `${message.sequence} volume-removed ${event.name}`;
        case 'config':
          return `${message.sequence} config ${event.version}`;
        case 'gap-opened':
        case 'gap-closed':
          return `${message.sequence} ${event.kind} ${event.gap.cameraId}`;
        case 'gap-removed':
          return `${message.sequence} gap-removed ${event.id}`;
      }
    });
  }
}

function createFixture(limits: Partial<FeedLimits> = {}) {
  const clock = manualClock();
  const state = {
    configVersion: 1,
    cameras: [camera('gate')],
    volumes: [],
  };
  let asked = 0;
  const feed = new EventFeed({
    status: () => {
      asked += 1;
      return { ...state };
    },
    clock,
    limits,
  });
  return {
    clock,
    state,
    feed,
    asked: () => asked,
    listen: (resume?: { readonly epoch: string; readonly after: number }) => {
      const sink = new TestSink();
      const admission = feed.listen(resume, sink);
      if (admission.kind === 'refused') throw new Error(admission.reason);
      return { sink, session: admission.session };
    },
    /** One period passes. */
    tick: () => clock.advance(500),
  };
}

function epochOf({ messages }: TestSink): string {
  const [first] = messages;
  if (first?.kind !== 'snapshot') throw new Error('The first message is a snapshot.');
  return first.epoch;
}

const gap: Gap = {
  id: 1,
  cameraId: 'gate',
  startUtcMs: 5,
  reason: 'camera',
  evidence: { kind: 'stall' },
};

describe('the feed of events', () => {
  it('begins with the whole state and tells what changes, numbered', () => {
    const { state, listen, tick } = createFixture();
    const { sink } = listen();
    tick();
    state.cameras = [camera('gate', { kind: 'recording', sinceUtcMs: 5, segmentId: 1 }), camera('dock')];
    state.configVersion = 2;
    tick();
    state.cameras = [camera('dock')];
    tick();
    expect(sink.lines()).toEqual([
      'snapshot 0',
      '1 config 2',
      '2 camera gate recording',
      '3 camera dock off',
      '4 camera-removed gate',
    ]);
    expect(sink.messages[0]).toEqual({
      kind: 'snapshot',
      epoch: expect.any(String),
      sequence: 0,
      utcMs: 1_700_000_000_000,
      state: {
        configVersion: 1,
        cameras: [{ id: 'gate', recording: { kind: 'off' }, main: stream.state }],
        volumes: [],
      },
    });
  });

  it('tells volumes, but not what only says more about the same state', () => {
    const { state, listen, tick } = createFixture();
    const trouble = { kind: 'hung', sinceUtcMs: 7, remedy: 'Look.' } as const;
    const volumes = (detail: string) => [{ name: 'recordings', state: { ...trouble, detail } }];
    const { sink } = listen();
    Object.assign(state, { volumes: volumes('for 10 s') });
    tick();
    Object.assign(state, { volumes: volumes('for 11 s') });
    state.cameras = [camera('gate', { kind: 'recording', sinceUtcMs: 5, segmentId: 1 })];
    tick();
    state.cameras = [camera('gate', { kind: 'recording', sinceUtcMs: 5, segmentId: 2 })];
    tick();
    Object.assign(state, { volumes: [] });
    tick();
    expect(sink.lines()).toEqual([
      'snapshot 0',
      '1 volume recordings hung',
      '2 camera gate recording',
      '3 volume-removed recordings',
    ]);
  });

  it('announces gaps once they are written down', async () => {
    const { feed, listen } = createFixture();
    const written: string[] = [];
    const gapLog = announceGaps(
      {
        bootId: 'this',
        past: () => Promise.reject(new Error('nobody asks')),
        insert: () => Promise.resolve(written.push('insert')),
        update: () => Promise.reject(new Error('the index is full')),
        remove: () => Promise.resolve(void written.push('remove')),
      },
      feed,
    );
    const { id: _id, ...content } = gap;
    await gapLog.insert(content);
    const { sink } = listen();
    expect(await gapLog.insert(content)).toBe(2);
    await expect(gapLog.update({ ...gap, endUtcMs: 9 })).rejects.toThrow('the index is full');
    await gapLog.insert({ ...content, endUtcMs: 9 });
    await gapLog.remove(2);
    expect([written, sink.lines()]).toEqual([
      ['insert', 'insert', 'insert', 'remove'],
      ['snapshot 0', '1 gap-opened gate', '2 gap-closed gate', '3 gap-removed 2'],
    ]);
  });

  it('gives a listener that returns what it missed, and a snapshot when that is not kept any more', () => {
    const { state, listen, tick } = createFixture({ keptEvents: 2 });
    const first = listen();
    const epoch = epochOf(first.sink);
    first.session[Symbol.dispose]();
    for (const configVersion of [2, 3, 4]) {
      state.configVersion = configVersion;
      tick();
    }
    const resumed = listen({ epoch, after: 1 });
    const tooLate = listen({ epoch, after: 0 });
    const ahead = listen({ epoch, after: 99 });
    const elsewhere = listen({ epoch: 'a0000000-0000-4000-8000-000000000000', after: 3 });
    expect([resumed, tooLate, ahead, elsewhere].map(({ sink }) => sink.lines())).toEqual([
      ['resumed 1', '2 config 3', '3 config 4'],
      ['snapshot 3'],
      ['snapshot 3'],
      ['snapshot 3'],
    ]);
  });

  it('looks at nothing while nobody listens, and says so to who returns then', () => {
    const { clock, feed, state, asked, listen } = createFixture();
    clock.advance(600_000);
    expect(asked()).toBe(0);
    const { sink, session } = listen();
    session[Symbol.dispose]();
    clock.advance(120_000);
    const before = asked();
    state.configVersion = 2;
    clock.advance(600_000);
    expect(asked()).toBe(before);
    const again = listen({ epoch: epochOf(sink), after: 0 });
    expect([again.sink.lines(), epochOf(again.sink) === epochOf(sink)]).toEqual([['snapshot 0'], false]);
    expect(feed.status()).toEqual({ listeners: 1, listenersFellBehind: 0 });
  });

  it('gives a listener that was slow a snapshot instead of what it missed, and the others every event', () => {
    const { feed, state, listen, tick } = createFixture({ maximumQueuedBytes: 1_000 });
    const slow = listen();
    const quick = listen();
    slow.sink.queuedBytes = 1_001;
    for (const configVersion of [2, 3]) {
      state.configVersion = configVersion;
      tick();
    }
    slow.sink.queuedBytes = 500;
    tick();
    state.configVersion = 4;
    tick();
    expect([slow.sink.lines(), quick.sink.lines()]).toEqual([
      ['snapshot 0', 'snapshot 2', '3 config 4'],
      ['snapshot 0', '1 config 2', '2 config 3', '3 config 4'],
    ]);
    expect(feed.status()).toEqual({ listeners: 2, listenersFellBehind: 1 });
  });

  it('closes a listener that stays slow, and refuses more than it may have', () => {
    const { clock, feed, listen } = createFixture({ maximumListeners: 2 });
    const slow = listen();
    slow.sink.queuedBytes = 2 * 1024 ** 2;
    listen();
    expect(feed.listen(undefined, new TestSink())).toEqual({
      kind: 'refused',
      code: liveCloseCodes.tooManyViewers,
      reason: 'This engine has 2 listeners at most.',
    });
    clock.advance(31_000);
    expect([slow.sink.closed, feed.status().listeners]).toEqual([liveCloseCodes.tooSlow, 1]);
    slow.session[Symbol.dispose]();
    listen();
  });
});
