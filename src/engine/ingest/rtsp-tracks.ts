/** Which tracks of a session description are wanted, and how each is read. */
import { aacTrackFrom } from '../media/aac.ts';
import type { AudioTrack, MetadataTrack } from '../media/sample.ts';
import type { SlabPool } from '../media/slab-pool.ts';
import {
  AacDepacketizer,
  aacPacketFormat,
  H264Depacketizer,
  H265Depacketizer,
  h265Obstacle,
  LatmDepacketizer,
  latmFormat,
  MetadataDepacketizer,
  PacketDepacketizer,
  RtspFailure,
} from '../rtsp/index.ts';
import type {
  MediaDescription,
  RtpPacket,
  SessionDescription,
  TrackDepacketizerEvents,
  VideoDepacketizerEvents,
} from '../rtsp/index.ts';

/** Takes the packets of one track. */
export interface Depacketizer {
  push(packet: RtpPacket): void;
  /** Gives its memory back, when no more packets come. */
  release(): void;
}

export interface WantedVideo {
  readonly media: MediaDescription;
  readonly clockRate: number;
  open(options: {
    readonly slabPool: SlabPool;
    readonly maxAccessUnitBytes: number;
    readonly events: VideoDepacketizerEvents;
  }): Depacketizer;
}

export interface AudioEvents extends TrackDepacketizerEvents {
  /** The stream says what its sound is, when the session description did not. */
  onTrack(track: AudioTrack): void;
}

export interface WantedAudio {
  readonly media: MediaDescription;
  readonly clockRate: number;
  /** Undefined until the stream says it. */
  readonly track: AudioTrack | undefined;
  open(options: { readonly slabPool: SlabPool; readonly events: AudioEvents }): Depacketizer;
}

export interface WantedMetadata {
  readonly media: MediaDescription;
  readonly clockRate: number;
  readonly track: MetadataTrack;
  open(options: { readonly slabPool: SlabPool; readonly events: TrackDepacketizerEvents }): Depacketizer;
}

/** Sound that can be had, or why there is none although it is offered. */
export type AudioChoice =
  | { readonly kind: 'wanted'; readonly audio: WantedAudio }
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'none' };

const VIDEO_CLOCK_RATE = 90_000;
const OPUS_CLOCK_RATE = 48_000;
const G711_CLOCK_RATE = 8_000;
const MOST_G711_CHANNELS = 2;
/** A connection begins amid a running stream: what a file would have a decoder throw away was sent long ago. */
const OPUS_PRE_SKIP = 0;

/** @throws RtspFailure when there is no video that can be read */
export function wantedVideo({ media }: SessionDescription): WantedVideo {
  const videos = media.filter(({ type }) => type === 'video');
  for (const video of videos) {
    const clockRate = video.clockRate ?? VIDEO_CLOCK_RATE;
    if (video.encoding === 'H264') {
      return { media: video, clockRate, open: (options) => openH264(video, options) };
    }
    if (video.encoding === 'H265' || video.encoding === 'HEVC') {
      const obstacle = h265Obstacle(video);
      if (obstacle !== undefined) throw new RtspFailure('unsupported', obstacle);
      return { media: video, clockRate, open: (options) => openH265(video, options) };
    }
  }
  // Some answer before their encoder runs: this may pass, what is offered instead of H.264 will not.
  if (videos.length === 0) throw new RtspFailure('protocol', 'The camera offers no video at this address.');
  const names = videos.map(({ encoding }) => encoding ?? 'something unknown').join(', ');
  throw new RtspFailure(
    'unsupported',
    `The camera offers ${names}. Only H.264 and H.265 are supported: choose one in the camera's settings.`,
  );
}

/** The first sound that can be read. A track towards the camera (`sendonly`) is no microphone. */
export function wantedAudio({ media }: SessionDescription): AudioChoice {
  let reason: string | undefined;
  for (const offered of media) {
    if (offered.type !== 'audio' || offered.direction === 'sendonly') continue;
    const audio = readableAudio(offered);
    if (audio !== undefined) return { kind: 'wanted', audio };
    reason ??= `The camera sends ${offered.encoding ?? 'unknown'} sound, which cannot be read. Choose AAC, G.711 or Opus in the camera's settings.`;
  }
  return reason === undefined ? { kind: 'none' } : { kind: 'ignored', reason };
}

export function wantedMetadata({ media }: SessionDescription): WantedMetadata | undefined {
  const offered = media.find(
    ({ type, encoding }) => type === 'application' && encoding === 'VND.ONVIF.METADATA',
  );
  if (offered === undefined) return undefined;
  return {
    media: offered,
    clockRate: offered.clockRate ?? VIDEO_CLOCK_RATE,
    track: { kind: 'metadata', codec: 'onvif' },
    open: (options) => new MetadataDepacketizer(options),
  };
}

function openH264(
  { parameters }: MediaDescription,
  options: Parameters<WantedVideo['open']>[0],
): Depacketizer {
  const depacketizer = new H264Depacketizer(options);
  depacketizer.offerParameterSets(parameters.get('sprop-parameter-sets') ?? '');
  return depacketizer;
}

/** RFC 7798 §7.1 */
function openH265(
  { parameters }: MediaDescription,
  options: Parameters<WantedVideo['open']>[0],
): Depacketizer {
  const depacketizer = new H265Depacketizer(options);
  for (const name of ['sprop-vps', 'sprop-sps', 'sprop-pps']) {
    depacketizer.offerParameterSets(parameters.get(name) ?? '');
  }
  return depacketizer;
}

function readableAudio(media: MediaDescription): WantedAudio | undefined {
  switch (media.encoding) {
    case 'MPEG4-GENERIC':
      return aacAudio(media);
    case 'MP4A-LATM':
      return latmAudio(media);
    case 'OPUS':
      return opusAudio(media);
    case 'PCMU':
      return g711Audio(media, 'pcmu');
    case 'PCMA':
      return g711Audio(media, 'pcma');
    case undefined:
    default:
      return undefined;
  }
}

function aacAudio(media: MediaDescription): WantedAudio | undefined {
  const track = aacTrackFrom(Buffer.from(media.parameters.get('config') ?? '', 'hex'));
  const format = aacPacketFormat(media);
  if (track === undefined || format === undefined) return undefined;
  const { samplesPerFrame } = track;
  return {
    media,
    clockRate: media.clockRate ?? track.sampleRate,
    track,
    open: (options) => new AacDepacketizer({ ...options, format, samplesPerFrame }),
  };
}

function latmAudio(media: MediaDescription): WantedAudio | undefined {
  const format = latmFormat(media);
  if (format === undefined) return undefined;
  const clockRate = media.clockRate ?? VIDEO_CLOCK_RATE;
  return {
    media,
    clockRate,
    track: format.kind === 'described' ? format.configuration.track : undefined,
    open: (options) => new LatmDepacketizer({ ...options, format, clockRate }),
  };
}

/** RFC 7587 §7: the clock is 48 kHz whatever the sound; `sprop-stereo` tells what is sent. */
function opusAudio(media: MediaDescription): WantedAudio {
  const channels = media.parameters.get('sprop-stereo') === '1' ? 2 : 1;
  return {
    media,
    clockRate: OPUS_CLOCK_RATE,
    track: { kind: 'audio', codec: 'opus', sampleRate: 48_000, channels, preSkip: OPUS_PRE_SKIP },
    open: (options) => new PacketDepacketizer(options),
  };
}

function g711Audio(media: MediaDescription, codec: 'pcmu' | 'pcma'): WantedAudio | undefined {
  const sampleRate = media.clockRate ?? G711_CLOCK_RATE;
  const channels = media.channels ?? 1;
  if (channels < 1 || channels > MOST_G711_CHANNELS) return undefined;
  return {
    media,
    clockRate: sampleRate,
    track: { kind: 'audio', codec, sampleRate, channels },
    open: (options) => new PacketDepacketizer(options),
  };
}
