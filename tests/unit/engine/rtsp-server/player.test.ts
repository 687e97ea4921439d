import { describe, expect, it } from 'vitest';
import type {
  H264Track,
  Interruption,
  Sample,
  StreamDescription,
  StreamSubscriber,
} from '../../../../src/engine/media/sample.ts';
import { payloadFormats } from '../../../../src/engine/rtsp-server/payload/index.ts';
import { Player } from '../../../../src/engine/rtsp-server/player.ts';
import type { PlayEnd } from '../../../../src/engine/rtsp-server/player.ts';
import { RtpSender } from '../../../../src/engine/rtsp-server/rtp-sender.ts';
import { manualClock } from '../live/manual-clock.ts';
import { accessUnit, counting, sampleOf } from './written-packets.ts';

const video: H264Track = {
  kind: 'video',
  codec: 'h264',
  sps: counting(20, 0x67),
  pps: counting(5, 0x68),
  width: 640,
  height: 360,
};
const audio = { kind: 'audio', codec: 'pcma', sampleRate: 8_000, channels: 1 } as const;
const described: StreamDescription = { generation: 1, video, audio };
const FRAME_90K = 3_600;

function picture(index: number, isSync = false): Sample {
  const time90k = index * FRAME_90K;
  const nal = counting(50, isSync ? 0x65 : 0x41, index);
  return sampleOf('video', accessUnit(nal), { isSync, dts90k: time90k, pts90k: time90k, utcMs: index * 40 });
}

function sound(index: number): Sample {
  return sampleOf('audio', counting(320), { dts90k: index * FRAME_90K, pts90k: index * FRAME_90K });
}

/** A player of the given tracks on a network that takes what `takeAll` takes. */
function makePlayer(kinds: readonly Sample['track'][] = ['video', 'audio']) {
  const clock = manualClock();
  const sent: Buffer[] = [];
  const ends: PlayEnd[] = [];
  const state = { bufferedBytes: 0, isStuck: false, dropped: 0, isMember: false };
  const senders = payloadFormats(described)
    .filter(({ kind }) => kinds.includes(kind))
    .map((format, index) => new RtpSender({ format, channel: 2 * index, canonicalName: 'name' }));
  const player = new Player({
    senders,
    sink: {
      send(bytes) {
        sent.push(Buffer.from(bytes));
        if (state.isStuck) state.bufferedBytes += bytes.byteLength;
      },
      bufferedBytes: () => state.bufferedBytes,
    },
    clock,
    limits: { maximumQueuedBytes: 500, maximumQueuedMs: 15_000, tooSlowAfterMs: 1_000 },
    onFrameDropped: () => void (state.dropped += 1),
    onEnded: (end) => ends.push(end),
  });
  player.open({
    join(_subscriber: StreamSubscriber) {
      state.isMember = true;
      return { [Symbol.dispose]: () => void (state.isMember = false) };
    },
  });
  player.onDescription(described);
  return { player, clock, sent, ends, state };
}

/** Of what was sent: the channel of RTCP, of pictures their index, of sound its length. */
function contents(sent: readonly Buffer[]): readonly string[] {
  return sent.map((bytes) => {
    const channel = bytes.readUInt8(1);
    if (channel % 2 === 1) return `report on ${channel}`;
    // The last packet is the picture; a sync picture has parameter sets before it.
    return (bytes.readUInt8(5) & 0x7f) === 96 ? `picture ${bytes.at(-49)}` : `sound of ${bytes.length - 16}`;
  });
}

describe('a player', () => {
  it('gets a report of the time before the first packet of each track, and every five seconds', () => {
    const { player, clock, sent } = makePlayer();
    player.onSample(picture(0, true));
    player.onSample(sound(0));
    player.onSample(picture(1));
    clock.advance(4_999);
    player.onSample(picture(2));
    clock.advance(1);
    player.onSample(picture(3));
    expect(contents(sent)).toEqual([
      'report on 1',
      'picture 0',
      'report on 3',
      'sound of 320',
      'picture 1',
      'picture 2',
      'report on 1',
      'picture 3',
    ]);
  });

  it('begins with a sync picture', () => {
    const { player, sent } = makePlayer();
    player.onSample(sound(0));
    player.onSample(picture(1));
    player.onSample(picture(2, true));
    expect(contents(sent)).toEqual(['report on 1', 'picture 2']);
    expect(player.firstTimestamp('audio')).toBeUndefined();
    expect(player.firstTimestamp('video')).toBe(sent[1]?.readUInt32BE(8));
  });

  it('gets sound alone when it set up nothing else', () => {
    const { player, sent } = makePlayer(['audio']);
    player.onSample(picture(0, true));
    player.onSample(sound(0));
    expect(contents(sent)).toEqual(['report on 1', 'sound of 320']);
  });

  it('misses pictures up to a sync picture when it is slow, and goes on from there', () => {
    const { player, clock, sent, state, ends } = makePlayer(['video']);
    player.onSample(picture(0, true));
    state.bufferedBytes = 501;
    player.onSample(picture(1));
    player.onSample(picture(2));
    state.bufferedBytes = 0;
    player.onSample(picture(3));
    clock.advance(900);
    player.onSample(picture(4, true));
    player.onSample(picture(5));
    expect(contents(sent)).toEqual(['report on 1', 'picture 0', 'picture 4', 'picture 5']);
    expect([state.dropped, ends]).toEqual([3, []]);
  });

  it('is let go when it does not catch up, and its queue stays bounded until then', () => {
    const { player, clock, state, ends } = makePlayer(['video']);
    state.isStuck = true;
    for (let index = 0; index < 100; index += 1) {
      player.onSample(picture(index, index % 10 === 0));
      clock.advance(40);
    }
    expect(ends).toEqual([{ kind: 'too-slow', detail: 'The player reads too slowly for this stream.' }]);
    expect([state.isMember, state.bufferedBytes < 700]).toEqual([false, true]);
  });

  it('waits while the camera is gone, and goes on with new parameters of the same codec', () => {
    const { player, sent, ends } = makePlayer(['video']);
    player.onSample(picture(0, true));
    player.onInterruption({ kind: 'silent', detail: 'The camera was silent.' });
    player.onSample(picture(1));
    const sps = counting(21, 0x67, 9);
    player.onDescription({ ...described, generation: 2, video: { ...video, sps, width: 1_280 } });
    player.onSample(picture(2, true));
    expect(contents(sent)).toEqual(['report on 1', 'picture 0', 'picture 2']);
    expect(sent[2]?.includes(sps)).toBe(true);
    expect(ends).toEqual([]);
  });

  it.each<[string, Partial<StreamDescription>]>([
    ['other sound', { audio: { ...audio, codec: 'pcmu' } }],
    ['sound at another rate', { audio: { ...audio, sampleRate: 16_000 } }],
    ['another codec', { video: { ...video, codec: 'h265', vps: counting(9, 0x40) } }],
  ])('ends when the camera comes back with %s', (_what, change) => {
    const { player, state, ends } = makePlayer();
    player.onDescription({ ...described, generation: 2, ...change });
    expect([state.isMember, ends.map(({ kind }) => kind)]).toEqual([false, ['stream-changed']]);
  });

  it('ends with the stream, once, and takes nothing after its own end', () => {
    const stopped: Interruption = { kind: 'stopped', detail: 'The stream was removed.' };
    const { player, ends } = makePlayer();
    player.onInterruption(stopped);
    player.onInterruption(stopped);
    expect(ends).toEqual([{ kind: 'stream-ended', detail: 'The stream was removed.' }]);
    const other = makePlayer();
    other.player.end();
    other.player.onSample(picture(0, true));
    other.player.onInterruption(stopped);
    expect([other.sent, other.ends, other.state.isMember]).toEqual([[], [], false]);
  });
});
