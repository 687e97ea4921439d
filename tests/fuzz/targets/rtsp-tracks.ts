/** From the session description to samples: the depacketizers, as ingest opens them. */
import { wantedAudio, wantedMetadata, wantedVideo } from '../../../src/engine/ingest/rtsp-tracks.ts';
import type { Depacketizer } from '../../../src/engine/ingest/rtsp-tracks.ts';
import { videoTrackFrom } from '../../../src/engine/media/parameter-sets.ts';
import { SlabPool } from '../../../src/engine/media/slab-pool.ts';
import { RtspFailure } from '../../../src/engine/rtsp/failure.ts';
import { RtpReceiver } from '../../../src/engine/rtsp/rtp.ts';
import { parseSessionDescription } from '../../../src/engine/rtsp/sdp.ts';
import type { MediaDescription, SessionDescription } from '../../../src/engine/rtsp/sdp.ts';
import type { TrackUnit } from '../../../src/engine/rtsp/track-unit.ts';
import { rtpPacket } from '../../unit/engine/rtsp/rtp-packets.ts';
import type { RtspCorpus } from '../corpus.ts';
import { promise } from '../target.ts';
import type { FuzzInput, FuzzPart } from '../target.ts';

const MAX_ACCESS_UNIT_BYTES = 32 * 1024;
/** The largest sample of a track besides video: a metadata document. */
const MAX_OTHER_UNIT_BYTES = 512 * 1024;

const slabPool = new SlabPool({ maximumIdleBytes: 4 * 1024 ** 2 });

interface OpenTrack {
  readonly media: MediaDescription;
  readonly clockRate: number;
  readonly depacketizer: Depacketizer;
}

/** Opens the track of a description, if it has one; `onUnit` is called for each sample. */
type OpenTrackOf = (description: SessionDescription, onUnit: () => void) => OpenTrack | undefined;

function part(name: string, inputs: readonly FuzzInput[], open: OpenTrackOf): FuzzPart {
  return {
    name,
    shape: 'packets',
    corpus: inputs,
    run: (input) => play(input, open),
  };
}

/** The first piece of an input is the description, the others are packets. */
export function trackParts(corpus: RtspCorpus): readonly FuzzPart[] {
  const h264 = corpus.video.map((packet) => Buffer.from(packet));
  return [
    part('h264', [[sdp('video', '96 H264/90000', SPROP_H264), ...h264.slice(0, 30)]], openVideo),
    part('h265', [[sdp('video', '96 H265/90000', SPROP_H265), ...h265Packets()]], openVideo),
    part('aac', [[sdp('audio', '97 MPEG4-GENERIC/32000', AAC), ...corpus.audio]], openAudio),
    part(
      'latm',
      [
        [sdp('audio', '97 MP4A-LATM/48000', `cpresent=0;config=${LATM_CONFIGURATION}`), ...latmPackets()],
        [sdp('audio', '97 MP4A-LATM/48000', 'cpresent=1'), ...inBandLatmPackets()],
      ],
      openAudio,
    ),
    part(
      'sound',
      [
        [
          sdp('audio', '97 PCMA/8000', ''),
          ...packets(97, [Buffer.alloc(160, 0x55), Buffer.alloc(160, 0xd5)]),
        ],
        [
          sdp('audio', '97 OPUS/48000/2', ''),
          ...packets(97, [Buffer.from('fcfffe', 'hex'), Buffer.of(0x7b, 2)]),
        ],
      ],
      openAudio,
    ),
    part(
      'metadata',
      [[sdp('application', '97 VND.ONVIF.METADATA/90000', ''), ...metadataPackets()]],
      openMetadata,
    ),
  ];
}

const SPROP_H264 = 'packetization-mode=1;sprop-parameter-sets=Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA,aO4xshsA';
const SPROP_H265 =
  'sprop-sps=QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE=;sprop-pps=RAHA8saNA7NA;sprop-vps=QAEMAf//AWAAAAMAsAAAAwAAAwBarAwAAAMABAAAAwAyqA==';
const AAC = 'mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1288';

/** StreamMuxConfig (ISO/IEC 14496-3 §1.7.3.1) in 44 bits: one stream of AAC-LC, 48 kHz, stereo. */
const LATM_CONFIGURATION = '400023203fc0';
const LATM_CONFIGURATION_BITS = 44;

function sdp(type: string, rtpmap: string, fmtp: string): Buffer {
  const payloadType = rtpmap.slice(0, 2);
  return Buffer.from(
    `v=0\r\nm=${type} 0 RTP/AVP ${payloadType}\r\na=rtpmap:${rtpmap}\r\na=fmtp:${payloadType} ${fmtp}\r\na=control:t\r\n`,
  );
}

function packets(payloadType: number, payloads: readonly Buffer[], unitPackets = 1): readonly Buffer[] {
  return payloads.map((payload, index) =>
    rtpPacket({
      sequence: index,
      timestamp: Math.floor(index / unitPackets) * 3_000,
      payload,
      payloadType,
      marker: index % unitPackets === unitPackets - 1,
    }),
  );
}

/** RFC 7798 §4.4: parameter sets in an aggregation packet, a picture in three fragments, a picture in one. */
function h265Packets(): readonly Buffer[] {
  const sets = [...SPROP_H265.matchAll(/sprop-\w+=([^;]+)/g)].map(([, base64 = '']) =>
    Buffer.from(base64, 'base64'),
  );
  const sized = sets.flatMap((set) => [Buffer.of(set.length >> 8, set.length & 0xff), set]);
  const slice = Buffer.alloc(200, 0x5a);
  return packets(
    96,
    [
      Buffer.concat([Buffer.of(48 << 1, 1), ...sized]),
      Buffer.concat([Buffer.of(49 << 1, 1, 0x80 | 19, 0x80), slice]),
      Buffer.concat([Buffer.of(49 << 1, 1, 19), slice]),
      Buffer.concat([Buffer.of(49 << 1, 1, 0x40 | 19), slice]),
      Buffer.concat([Buffer.of(1 << 1, 1, 0x80), slice]),
    ],
    4,
  );
}

/** RFC 6416 §6: the length, then the frame; the second in two packets. */
function latmPackets(): readonly Buffer[] {
  const frame = Buffer.alloc(300, 0x21);
  return packets(97, [
    Buffer.concat([Buffer.of(20), frame.subarray(0, 20)]),
    Buffer.concat([Buffer.of(255, 45), frame.subarray(0, 100)]),
    frame.subarray(100),
  ]);
}

function bitsOf(hex: string): string {
  return [...Buffer.from(hex, 'hex')].map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

/** The first element brings the configuration, the second uses the same. */
function inBandLatmPackets(): readonly Buffer[] {
  const configuration = bitsOf(LATM_CONFIGURATION).slice(0, LATM_CONFIGURATION_BITS);
  const frame = bitsOf(`14${'21'.repeat(20)}`);
  const elements = [`0${configuration}${frame}`, `1${frame}`, `1${frame}`];
  return packets(
    97,
    elements.map((element) =>
      Buffer.from((element.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2))),
    ),
  );
}

function metadataPackets(): readonly Buffer[] {
  const document = Buffer.from(`<tt:MetadataStream xmlns:tt="x">${'<a/>'.repeat(200)}</tt:MetadataStream>`);
  return packets(97, [document.subarray(0, 400), document.subarray(400), document], 2);
}

function openVideo(description: SessionDescription, onUnit: () => void): OpenTrack | undefined {
  const video = wantedVideo(description);
  const depacketizer = video.open({
    slabPool,
    maxAccessUnitBytes: MAX_ACCESS_UNIT_BYTES,
    events: {
      onAccessUnit: ({ data, parameterSets, timestamp }) => {
        onUnit();
        promise(data.length > 0 && data.length <= MAX_ACCESS_UNIT_BYTES, 'A picture passes its limit.');
        promise(areWholeNals(data), 'A picture is not made of whole NAL units.');
        promise(Number.isSafeInteger(timestamp), 'A timestamp is no number.');
        const track = parameterSets === undefined ? undefined : videoTrackFrom(parameterSets);
        promise(track === undefined || (track.width > 0 && track.height > 0), 'A picture has no size.');
      },
      onDamage: promiseCount,
    },
  });
  return { media: video.media, clockRate: video.clockRate, depacketizer };
}

function openAudio(description: SessionDescription, onUnit: () => void): OpenTrack | undefined {
  const choice = wantedAudio(description);
  if (choice.kind !== 'wanted') return undefined;
  const { audio } = choice;
  const events = { onUnit: checking(onUnit), onDamage: promiseCount, onTrack: () => undefined };
  return { ...audio, depacketizer: audio.open({ slabPool, events }) };
}

function openMetadata(description: SessionDescription, onUnit: () => void): OpenTrack | undefined {
  const metadata = wantedMetadata(description);
  if (metadata === undefined) return undefined;
  return {
    ...metadata,
    depacketizer: metadata.open({ slabPool, events: { onUnit: checking(onUnit), onDamage: promiseCount } }),
  };
}

function checking(onUnit: () => void): (unit: TrackUnit) => void {
  return ({ data, timestamp }) => {
    onUnit();
    promise(data.length <= MAX_OTHER_UNIT_BYTES, 'A unit passes its limit.');
    promise(Number.isFinite(timestamp), 'A timestamp is no number.');
  };
}

function promiseCount(count: number): void {
  promise(Number.isSafeInteger(count) && count > 0, 'A damage counts for nothing.');
}

function areWholeNals(data: Uint8Array): boolean {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  let at = 0;
  while (at + 4 < bytes.length) at += 4 + bytes.readUInt32BE(at);
  return at === bytes.length;
}

function play([first = Buffer.alloc(0), ...rest]: FuzzInput, open: OpenTrackOf): number {
  const description = parseSessionDescription(first.toString('utf8'));
  if (description === undefined) return 0;
  let units = 0;
  const track = openOrNamedFailure(() =>
    open(description, () => {
      units += 1;
    }),
  );
  if (track === undefined) return 0;
  const { media, clockRate, depacketizer } = track;
  const receiver = new RtpReceiver({
    payloadType: media.payloadType,
    clockRate,
    onPacket: (packet) => {
      depacketizer.push(packet);
    },
  });
  for (const [index, packet] of rest.entries()) {
    receiver.receive(packet, { start: 0, end: packet.length }, index);
  }
  depacketizer.release();
  promise(slabPool.usedBytes === 0, `${slabPool.usedBytes} bytes were not given back.`);
  return units;
}

function openOrNamedFailure(open: () => OpenTrack | undefined): OpenTrack | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof RtspFailure) return undefined;
    throw error;
  }
}
