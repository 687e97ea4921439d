import type { StreamDescription, VideoTrack } from '../sample.ts';

/** CodecID (§E.4.3.1), or the FourCC as a number where Enhanced RTMP has one. */
const videoCodecIds: Record<VideoTrack['codec'], number> = { h264: 7, h265: 0x68766331 };
/** SoundFormat, §E.4.2.1. */
const aacSoundFormat = 10;

/** Markers of AMF 0 (Action Message Format 0, §2.1). */
const markers = { number: 0, boolean: 1, string: 2, ecmaArray: 8, objectEnd: 9 } as const;

type MetadataValue = number | boolean | string;

/** What `onMetaData` says beside the tracks, in properties of our own, which players pass over. */
export interface OwnMetadata {
  /** Why there is no sound, a sentence for people. */
  readonly soundObstacle: string | undefined;
  /** From the beginning of the stream: what is sent at once to a newcomer. Live is what follows. */
  readonly greetingBytes?: number | undefined;
}

/** Payload of the `onMetaData` script tag, §E.5. */
export function metadataPayload(
  { video, audio }: StreamDescription,
  { soundObstacle, greetingBytes }: OwnMetadata,
): Uint8Array {
  const entries: [string, MetadataValue][] = [
    ['width', video.width],
    ['height', video.height],
    ['videocodecid', videoCodecIds[video.codec]],
  ];
  if (video.nominalFramesPerSecond !== undefined) entries.push(['framerate', video.nominalFramesPerSecond]);
  if (audio?.codec === 'aac') {
    entries.push(
      ['audiocodecid', aacSoundFormat],
      ['audiosamplerate', audio.sampleRate],
      ['stereo', audio.channels > 1],
    );
  }
  if (soundObstacle !== undefined) entries.push(['soundobstacle', soundObstacle]);
  if (greetingBytes !== undefined) entries.push(['greetingbytes', greetingBytes]);
  const count = Buffer.alloc(4);
  count.writeUInt32BE(entries.length);
  return Buffer.concat([
    Uint8Array.of(markers.string),
    text('onMetaData'),
    Uint8Array.of(markers.ecmaArray),
    count,
    ...entries.flatMap(([name, value]) => [text(name), encodeValue(value)]),
    text(''),
    Uint8Array.of(markers.objectEnd),
  ]);
}

/** A UTF-8 string after its 16-bit length, AMF 0 §1.3.1. */
function text(value: string): Uint8Array {
  const utf8 = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(utf8.byteLength);
  return Buffer.concat([length, utf8]);
}

function encodeValue(value: MetadataValue): Uint8Array {
  if (typeof value === 'string') return Buffer.concat([Uint8Array.of(markers.string), text(value)]);
  if (typeof value === 'boolean') return Uint8Array.of(markers.boolean, value ? 1 : 0);
  const bytes = Buffer.alloc(9);
  bytes.writeUInt8(markers.number);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}
