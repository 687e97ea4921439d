import { SourceFailure } from '../media/source-failure.ts';

/** An expected failure of an RTSP session. */
export class RtspFailure extends SourceFailure {
  override readonly name = 'RtspFailure';
}
