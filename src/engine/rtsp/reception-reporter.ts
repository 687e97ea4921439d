import { randomBytes, randomInt } from 'node:crypto';
import type { Clock } from '../../shared/domain/clock.ts';
import { formatReceiverReport } from './rtcp.ts';
import type { RtpReceiver } from './rtp.ts';

/** A track as far as reports go. */
export interface ReportedTrack {
  readonly receiver: RtpReceiver;
  /** Over TCP only cameras that send reports themselves are known to read any. */
  readonly wantsReportsAnyway: boolean;
  sendControl(bytes: Buffer): void;
}

/** RFC 3550 §6.2: the least interval. With one receiver there is nobody to be out of step with. */
const INTERVAL_MS = 5_000;

/** Sends receiver reports for the tracks of one session, which some cameras take for its keepalive over UDP. */
export class ReceptionReporter {
  readonly ownSource = randomInt(1, 2 ** 32);
  readonly #clock: Clock;
  readonly #tracks: Iterable<ReportedTrack>;
  /** RFC 7022 §4.2: short-term persistent, 96 random bits. */
  readonly #cname = randomBytes(12).toString('base64');
  #timer: Disposable | undefined;

  constructor(clock: Clock, tracks: Iterable<ReportedTrack>) {
    this.#clock = clock;
    this.#tracks = tracks;
  }

  start(): void {
    this.#timer ??= this.#clock.every(INTERVAL_MS, () => {
      for (const track of this.#tracks) this.report(track);
    });
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  /** Without anything received yet the report is empty (RFC 3550 §6.4.2). */
  report(track: ReportedTrack): void {
    if (!track.wantsReportsAnyway && !track.receiver.hasSenderReport) return;
    const reception = track.receiver.receptionReport(this.#clock.monotonicMs());
    track.sendControl(
      formatReceiverReport({
        ownSource: this.ownSource,
        cname: this.#cname,
        reports: reception === undefined ? [] : [reception],
      }),
    );
  }
}
