/** Inputs that are in order: recordings of real cameras, and what the simulated ones send. */
import { readdirSync } from 'node:fs';
import { loadClip } from '../../src/sim/clip/clip.ts';
import { scenes } from '../../src/sim/clip/scenes.ts';
import { interleavedHeaderLength } from '../../src/sim/rtsp/packetized.ts';
import type { PacketizedUnit } from '../../src/sim/rtsp/packetized.ts';
import { packetizeClip } from '../../src/sim/rtsp/packetized-clip.ts';
import { RtpSender } from '../../src/sim/rtsp/rtp-sender.ts';
import { cameraAnswer, cameraDescription } from '../unit/engine/rtsp/camera-answers.ts';

export interface RtspCorpus {
  /** Whole messages of cameras. */
  readonly answers: readonly Buffer[];
  /** Session descriptions. */
  readonly descriptions: readonly string[];
  /** RTP packets of H.264 video and AAC sound, as cameras frame them, and a sender report after each group. */
  readonly video: readonly Buffer[];
  readonly audio: readonly Buffer[];
  readonly senderReport: Buffer;
}

const FIXTURES = new URL('../fixtures/rtsp/', import.meta.url);
const KEPT_FRAMES = 4;
const KEPT_SOUNDS = 12;
const FRAME_TICKS = 6_000;
const SOUND_TICKS = 1_024;

export async function rtspCorpus(): Promise<RtspCorpus> {
  const names = readdirSync(FIXTURES)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => name.slice(0, -'.txt'.length));
  const scene = scenes.find(({ hasAudio }) => hasAudio);
  if (scene === undefined) throw new Error('No scene has sound.');
  const { streams, audio } = packetizeClip(await loadClip(scene));
  const sender = new RtpSender(0);
  return {
    answers: names.filter((name) => !name.endsWith('_sdp')).map((name) => cameraAnswer(name)),
    descriptions: names
      .filter((name) => name.includes('describe') || name.endsWith('_sdp'))
      .map((name) => cameraDescription(name)),
    video: packetsOf(streams.sub.units.slice(0, KEPT_FRAMES), FRAME_TICKS),
    audio: packetsOf(audio?.units.slice(0, KEPT_SOUNDS) ?? [], SOUND_TICKS),
    senderReport: sender.senderReport(0, Date.UTC(2026, 0, 1)).subarray(interleavedHeaderLength),
  };
}

/** Numbers and times are set to what does not change from run to run. */
function packetsOf(units: readonly PacketizedUnit[], ticks: number): readonly Buffer[] {
  let sequence = 65_530;
  return units.flatMap(({ template, offsets }, unitIndex) =>
    offsets.map((offset, index) => {
      const packet = Buffer.from(template.subarray(offset + interleavedHeaderLength, offsets[index + 1]));
      packet.writeUInt16BE(sequence & 0xffff, 2);
      packet.writeUInt32BE((0xffff_f000 + unitIndex * ticks) >>> 0, 4);
      packet.writeUInt32BE(0x5eed, 8);
      sequence += 1;
      return packet;
    }),
  );
}
