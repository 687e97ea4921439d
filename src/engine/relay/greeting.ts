import { readLiveMetadata } from './live-metadata.ts';

/**
 * What another engine sends at once to a newcomer: the file header, sequence headers, and the group of pictures in hand, whose
 * tags are older than their arrival. FLV: Adobe Flash Video File Format Specification 10.1 §E.3 and §E.4.
 */

/** A piece of the greeting that ends with a whole tag, and when it would have come had it been sent live. */
export interface GreetingPiece {
  readonly bytes: Buffer;
  readonly arrivalMonotonicMs: number;
}

interface GreetingTimes {
  /** When the newest of it was live. */
  readonly arrivalMonotonicMs: number;
  /** How far the stream's timeline has got: the last picture before the connection, or where it begins. */
  readonly timelineEndMonotonicMs: number;
}

interface Tag {
  readonly start: number;
  readonly end: number;
  readonly timestampMs: number;
  readonly kind: 'picture' | 'sound' | 'other';
}

const FILE_HEADER_BYTES = 9;
const TAG_HEADER_BYTES = 11;
const PREVIOUS_TAG_SIZE_BYTES = 4;
const tagTypes = { audio: 8, video: 9, script: 18 } as const;
/** SoundFormat, and Enhanced RTMP's flag in the first byte of video. */
const AAC = 10;
const EX_HEADER = 0x80;
/** The timeline may be so far ahead of arrival. */
const TIMELINE_LEAD_MS = 50;
/** FLV's times are whole milliseconds: pictures so far apart keep their order, also where the timeline goes at half its pace. */
const SQUEEZED_STEP_MS = 2;

/** How long the greeting will be that begins so; undefined when the slave does not say. */
export function announcedGreetingBytes(beginning: Buffer): number | undefined {
  const [first] = tagsIn(beginning);
  if (first === undefined || beginning[first.start] !== tagTypes.script) return undefined;
  const body = beginning.subarray(first.start + TAG_HEADER_BYTES, first.end - PREVIOUS_TAG_SIZE_BYTES);
  return readLiveMetadata(body)?.greetingBytes;
}

/**
 * Puts the greeting's tags at the times when they were live, so that the timeline keeps the distances between them. Pictures
 * from before the timeline's end are what a decoder needs to go on, but have no room on it: they are squeezed together right
 * behind it, their sound is left out, and who watches is back at the live edge at once. Changes the stamps in `bytes`.
 */
export function greetingPieces(bytes: Buffer, times: GreetingTimes): readonly GreetingPiece[] {
  const tags = tagsIn(bytes);
  const newestMs = tags.at(-1)?.timestampMs ?? 0;
  const pieces: GreetingPiece[] = [];
  let start = 0;
  let squeezedMs = times.timelineEndMonotonicMs + TIMELINE_LEAD_MS;
  for (const tag of tags) {
    const liveMs = times.arrivalMonotonicMs - (newestMs - tag.timestampMs);
    const isPast = liveMs < squeezedMs + SQUEEZED_STEP_MS;
    if (isPast && tag.kind === 'picture') squeezedMs += SQUEEZED_STEP_MS;
    const arrivalMonotonicMs = isPast ? squeezedMs : liveMs;
    writeTimestamp(bytes, tag.start, newestMs - (times.arrivalMonotonicMs - arrivalMonotonicMs));
    if (isPast && tag.kind === 'sound') {
      if (tag.start > start) pieces.push({ bytes: bytes.subarray(start, tag.start), arrivalMonotonicMs });
    } else {
      pieces.push({ bytes: bytes.subarray(start, tag.end), arrivalMonotonicMs });
    }
    start = tag.end;
  }
  // A tag whose rest is still to come, or no FLV at all.
  if (start < bytes.length) {
    pieces.push({ bytes: bytes.subarray(start), arrivalMonotonicMs: times.arrivalMonotonicMs });
  }
  return pieces;
}

/** The whole tags. */
function tagsIn(bytes: Buffer): readonly Tag[] {
  const tags: Tag[] = [];
  if (bytes.length < FILE_HEADER_BYTES) return tags;
  let start = bytes.readUInt32BE(5) + PREVIOUS_TAG_SIZE_BYTES;
  while (start + TAG_HEADER_BYTES <= bytes.length) {
    const end = start + TAG_HEADER_BYTES + bytes.readUIntBE(start + 1, 3) + PREVIOUS_TAG_SIZE_BYTES;
    if (end > bytes.length) break;
    const timestampMs = bytes.readUIntBE(start + 4, 3) + bytes.readUInt8(start + 7) * 2 ** 24;
    tags.push({ start, end, timestampMs, kind: kindOf(bytes.subarray(start, end)) });
    start = end;
  }
  return tags;
}

/** Sequence headers are neither sound nor picture: they are needed whatever their time. */
function kindOf(tag: Buffer): Tag['kind'] {
  const type = tag[0];
  const [first = 0, second = 0] = tag.subarray(TAG_HEADER_BYTES);
  if (type === tagTypes.video) {
    const isSequenceHeader = (first & EX_HEADER) === 0 ? second === 0 : (first & 0x0f) === 0;
    return isSequenceHeader ? 'other' : 'picture';
  }
  if (type === tagTypes.audio) return first >> 4 === AAC && second === 0 ? 'other' : 'sound';
  return 'other';
}

/** §E.4.1: the low 24 bits, then the high 8. */
function writeTimestamp(bytes: Buffer, tagStart: number, timestampMs: number): void {
  const wrapped = Math.max(0, Math.round(timestampMs)) % 2 ** 32;
  bytes.writeUIntBE(wrapped % 2 ** 24, tagStart + 4, 3);
  bytes.writeUInt8(Math.floor(wrapped / 2 ** 24), tagStart + 7);
}
