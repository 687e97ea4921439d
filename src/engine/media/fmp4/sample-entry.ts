/** Sample entries: how the samples of a track are coded (ISO/IEC 14496-12 §8.5.2). */
import { avcDecoderConfiguration } from '../h264.ts';
import { hevcDecoderConfiguration } from '../h265.ts';
import { opusSpecificConfiguration } from '../opus.ts';
import type { AacTrack, AudioTrack, MetadataTrack, VideoTrack } from '../sample.ts';
import { box, fullBox, uint16, uint32, uint8, zeros } from './box.ts';

/** `avc1` (ISO/IEC 14496-15 §5.4.2) or `hvc1` (§8.4.1). */
export function videoSampleEntry(video: VideoTrack): Uint8Array {
  switch (video.codec) {
    case 'h264':
      return visualEntry('avc1', video, box('avcC', avcDecoderConfiguration(video)));
    case 'h265':
      return visualEntry('hvc1', video, box('hvcC', hevcDecoderConfiguration(video)));
  }
}

/**
 * `mp4a` (ISO/IEC 14496-14 §5.6), `Opus` (Encapsulation of Opus in ISOBMFF §4.3.1), or `ulaw` and `alaw`, which QuickTime
 * brought and ffmpeg, GStreamer and VLC read in ISO files too.
 */
export function audioSampleEntry(audio: AudioTrack): Uint8Array {
  switch (audio.codec) {
    case 'aac':
      return soundEntry('mp4a', audio, esds(audio));
    case 'opus':
      return soundEntry('Opus', audio, box('dOps', opusSpecificConfiguration(audio)));
    case 'pcmu':
      return soundEntry('ulaw', audio);
    case 'pcma':
      return soundEntry('alaw', audio);
  }
}

/** `metx`: XML without content encoding, its namespace, and no place for the schema (ISO/IEC 14496-12 §12.3.3.2). */
export function metadataSampleEntry(metadata: MetadataTrack): Uint8Array {
  const namespaces = { onvif: 'http://www.onvif.org/ver10/schema' } as const;
  const strings = ['', namespaces[metadata.codec], ''].map((text) => `${text}\0`).join('');
  return box('metx', zeros(6), dataReferenceIndex, new TextEncoder().encode(strings));
}

const dataReferenceIndex = uint16(1);

/** ISO/IEC 14496-12 §12.1.3. */
function visualEntry(
  type: string,
  { width, height }: Pick<VideoTrack, 'width' | 'height'>,
  configuration: Uint8Array,
): Uint8Array {
  return box(
    type,
    zeros(6),
    dataReferenceIndex,
    zeros(16),
    uint16(width, height),
    uint32(0x480000, 0x480000, 0), // 72 dpi
    uint16(1), // frame_count
    zeros(32), // compressorname
    uint16(0x18, 0xffff), // depth, pre_defined
    configuration,
  );
}

/** ISO/IEC 14496-12 §12.2.3. A rate beyond 16 bits is left to the decoder's configuration. */
function soundEntry(
  type: string,
  { channels, sampleRate }: Pick<AudioTrack, 'channels' | 'sampleRate'>,
  ...configuration: readonly Uint8Array[]
): Uint8Array {
  return box(
    type,
    zeros(6),
    dataReferenceIndex,
    zeros(8),
    uint16(channels, 16, 0, 0),
    uint32(sampleRate <= 0xffff ? sampleRate * 0x10000 : 0),
    ...configuration,
  );
}

/** Elementary stream descriptor, ISO/IEC 14496-14 §5.6.1 with the descriptors of ISO/IEC 14496-1 §7.2.6. */
function esds({ audioSpecificConfig }: AacTrack): Uint8Array {
  const decoderConfig = descriptor(
    0x04,
    uint8(0x40, (5 << 2) | 1, 0, 0, 0), // MPEG-4 audio, audio stream, no buffer size
    uint32(0, 0), // bit rates unknown
    descriptor(0x05, audioSpecificConfig),
  );
  return fullBox(
    'esds',
    { version: 0, flags: 0 },
    descriptor(0x03, uint16(0), uint8(0), decoderConfig, descriptor(0x06, uint8(2))),
  );
}

/** Tag, expandable size (ISO/IEC 14496-1 §8.3.3, always four bytes here), payload. */
function descriptor(tag: number, ...payload: readonly Uint8Array[]): Uint8Array {
  const byteLength = payload.reduce((sum, piece) => sum + piece.byteLength, 0);
  const size = uint8(
    0x80 | (byteLength >> 21),
    0x80 | ((byteLength >> 14) & 0x7f),
    0x80 | ((byteLength >> 7) & 0x7f),
    byteLength & 0x7f,
  );
  return Buffer.concat([uint8(tag), size, ...payload]);
}
