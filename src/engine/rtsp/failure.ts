/** How an RTSP session can fail; the same words as `Interruption` in media/sample.ts. */
export type RtspFailureKind =
  | 'unreachable'
  | 'refused-credentials'
  | 'silent'
  | 'protocol'
  | 'unsupported'
  | 'closed-by-camera'
  | 'stopped';

/** An expected failure. `message` is a sentence for a person and holds no secret. */
export class RtspFailure extends Error {
  override readonly name = 'RtspFailure';
  readonly kind: RtspFailureKind;

  constructor(kind: RtspFailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
