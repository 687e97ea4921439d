import { h265NalType } from '../media/h265.ts';
import { h265Syntax } from '../media/nal-syntax.ts';
import type { H265ParameterSets } from '../media/parameter-sets.ts';
import type { MediaDescription } from './sdp.ts';
import { VideoDepacketizer } from './video-depacketizer.ts';
import type { VideoDepacketizerOptions } from './video-depacketizer.ts';

/** RFC 7798 §4.4. */
const PacketType = { aggregation: 48, fragmentation: 49, withExtension: 50 } as const;
const HEADER_BYTES = 2;

/** Why H.265 as described cannot be followed: a sentence for people; undefined when it can. */
export function h265Obstacle({ parameters }: Pick<MediaDescription, 'parameters'>): string | undefined {
  // RFC 7798 §7.1: then every payload has decoding order numbers, and NAL units are not in decoding order.
  return Number(parameters.get('sprop-max-don-diff') ?? '0') > 0
    ? 'The camera sends its H.265 video interleaved (sprop-max-don-diff above 0), which is not supported. Switch interleaving off in its settings.'
    : undefined;
}

/** H.265 over RTP (RFC 7798): single NAL units, aggregation packets and fragmentation units, in decoding order. */
export class H265Depacketizer extends VideoDepacketizer<H265ParameterSets> {
  constructor(options: VideoDepacketizerOptions<H265ParameterSets>) {
    super(h265Syntax, options);
  }

  protected override readPayload(bytes: Buffer, start: number, end: number): void {
    if (end - start < HEADER_BYTES) {
      this.noteDamage();
      return;
    }
    const type = h265NalType(bytes[start] ?? 0);
    switch (type) {
      case PacketType.aggregation:
        this.readSizedNals(bytes, start + HEADER_BYTES, end); // RFC 7798 §4.4.2
        return;
      case PacketType.fragmentation:
        this.#readFragmentationUnit(bytes, start, end);
        return;
      case PacketType.withExtension:
        // RFC 7798 §4.4.4. No camera is known to send it; what it wraps is missing from the picture then.
        this.noteDamage();
        return;
      default:
        if (type < PacketType.aggregation) this.readNal(bytes, start, end);
        else this.noteDamage();
    }
  }

  /** RFC 7798 §4.4.3. The type in the first fragment holds, whatever later ones say. */
  #readFragmentationUnit(bytes: Buffer, start: number, end: number): void {
    if (end - start < HEADER_BYTES + 1) return;
    const header = bytes[start + HEADER_BYTES] ?? 0;
    if ((header & 0x80) !== 0) {
      // Forbidden bit and the layer's highest bit stay, the type comes from the fragment's header.
      this.beginFragments(((bytes[start] ?? 0) & 0x81) | ((header & 0x3f) << 1), bytes[start + 1] ?? 0);
    }
    this.readFragment(bytes, start + HEADER_BYTES + 1, end);
    if ((header & 0x40) !== 0) this.endFragments();
  }
}
