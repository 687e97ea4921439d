import { h264Syntax } from '../media/nal-syntax.ts';
import type { H264ParameterSets } from '../media/parameter-sets.ts';
import { VideoDepacketizer } from './video-depacketizer.ts';
import type { VideoDepacketizerOptions } from './video-depacketizer.ts';

/** RFC 6184 §5.2. */
const PacketType = { stapA: 24, stapB: 25, mtap16: 26, mtap24: 27, fuA: 28, fuB: 29 } as const;

const INTERLEAVED =
  'The camera sends its video interleaved (RFC 6184 packetization mode 2), which is not supported. Switch interleaving off in its settings.';

/** H.264 over RTP (RFC 6184): single NAL units, STAP-A and FU-A, in decoding order (packetization modes 0 and 1). */
export class H264Depacketizer extends VideoDepacketizer<H264ParameterSets> {
  constructor(options: VideoDepacketizerOptions<H264ParameterSets>) {
    super(h264Syntax, options);
  }

  protected override readPayload(bytes: Buffer, start: number, end: number): void {
    const type = (bytes[start] ?? 0) & 0x1f;
    switch (type) {
      case PacketType.fuA:
        this.#readFragmentationUnit(bytes, start, end);
        return;
      case PacketType.stapA:
        this.readSizedNals(bytes, start + 1, end); // RFC 6184 §5.7.1
        return;
      case PacketType.stapB:
      case PacketType.mtap16:
      case PacketType.mtap24:
      case PacketType.fuB:
        this.noteUnsupported(INTERLEAVED);
        return;
      default:
        if (type >= 1 && type < PacketType.stapA) this.readNal(bytes, start, end);
        else this.noteDamage();
    }
  }

  /** RFC 6184 §5.8. The type in the first fragment holds, whatever later ones say. */
  #readFragmentationUnit(bytes: Buffer, start: number, end: number): void {
    if (end - start < 2) return;
    const header = bytes[start + 1] ?? 0;
    if ((header & 0x80) !== 0) this.beginFragments(((bytes[start] ?? 0) & 0xe0) | (header & 0x1f));
    this.readFragment(bytes, start + 2, end);
    if ((header & 0x40) !== 0) this.endFragments();
  }
}
