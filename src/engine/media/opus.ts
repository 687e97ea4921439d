/** Opus packets (RFC 6716), as far as containers need to know them. */
import type { OpusTrack } from './sample.ts';

/** 120 ms: RFC 6716 §3.2.5. */
const MOST_SAMPLES_A_PACKET = 5760;
/** Frame lengths in samples at 48 kHz by configuration number: RFC 6716 Table 2. */
const SILK_FRAME_SAMPLES = [480, 960, 1920, 2880] as const;
const HYBRID_FRAME_SAMPLES = [480, 960] as const;
const CELT_FRAME_SAMPLES = [120, 240, 480, 960] as const;
const FIRST_HYBRID_CONFIGURATION = 12;
const FIRST_CELT_CONFIGURATION = 16;

/** How many samples at 48 kHz a packet decodes to (RFC 6716 §3.1); 0 for what is no packet. */
export function opusPacketSamples(packet: Uint8Array): number {
  const [contents, frameCountByte] = packet;
  if (contents === undefined) return 0;
  const samples = opusFrameSamples(contents >> 3) * opusFrameCount(contents & 3, frameCountByte);
  return samples <= MOST_SAMPLES_A_PACKET ? samples : 0;
}

function opusFrameSamples(configuration: number): number {
  if (configuration >= FIRST_CELT_CONFIGURATION) return CELT_FRAME_SAMPLES[configuration & 3] ?? 0;
  if (configuration >= FIRST_HYBRID_CONFIGURATION) return HYBRID_FRAME_SAMPLES[configuration & 1] ?? 0;
  return SILK_FRAME_SAMPLES[configuration & 3] ?? 0;
}

/** RFC 6716 §3.2: one frame, two, or as many as the second byte says. */
function opusFrameCount(code: number, frameCountByte: number | undefined): number {
  if (code === 0) return 1;
  return code === 3 ? (frameCountByte ?? 0) & 0x3f : 2;
}

/** The content of a `dOps` box: Encapsulation of Opus in ISOBMFF §4.3.2. */
export function opusSpecificConfiguration({ channels, preSkip, sampleRate }: OpusTrack): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(11));
  bytes.setUint8(0, 0); // Version
  bytes.setUint8(1, channels);
  bytes.setUint16(2, preSkip);
  bytes.setUint32(4, sampleRate);
  bytes.setInt16(8, 0); // OutputGain
  bytes.setUint8(10, 0); // ChannelMappingFamily: mono or stereo
  return new Uint8Array(bytes.buffer);
}
