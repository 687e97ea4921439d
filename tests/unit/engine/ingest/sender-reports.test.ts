import { describe, expect, it } from 'vitest';
import { SenderReports } from '../../../../src/engine/ingest/sender-reports.ts';

const CLOCK_RATE = 8_000;
const PERIOD_MS = 5_000;
const NTP_START_MS = Date.UTC(2026, 0, 1);

interface Said {
  readonly ntpMs: number;
  readonly trackMs: number;
  readonly arrivalMs: number;
}

/** What a camera in order says, one report every five seconds. */
function said(index: number): Said {
  const atMs = index * PERIOD_MS;
  return { ntpMs: NTP_START_MS + atMs, trackMs: 60_000 + atMs, arrivalMs: 1_000 + atMs };
}

/** The stamp five seconds after the last report, or nothing while the reports are not believed. */
function believed(reports: readonly Said[]): number | undefined {
  const clock = new SenderReports(CLOCK_RATE);
  for (const { ntpMs, trackMs, arrivalMs } of reports) {
    clock.take(
      { ntpUtcMs: ntpMs, rtpTimestamp: (trackMs * CLOCK_RATE) / 1_000, arrivalMonotonicMs: arrivalMs },
      (trackMs * CLOCK_RATE) / 1_000,
    );
  }
  const last = reports.at(-1) ?? said(0);
  return clock.timestampAt(last.ntpMs + PERIOD_MS, last.arrivalMs + PERIOD_MS);
}

function series(count: number, change: (report: Said, index: number) => Said = (report) => report): Said[] {
  return Array.from({ length: count }, (_, index) => change(said(index), index));
}

describe('sender reports', () => {
  it('are believed when four in a row agree', () => {
    expect([3, 4].map((count) => believed(series(count)))).toEqual([
      undefined,
      ((60_000 + 4 * PERIOD_MS) * CLOCK_RATE) / 1_000,
    ]);
  });

  it('tell the middle of what they say, when the camera reads its clocks one after the other', () => {
    const shaky = series(8, (report, index) => ({ ...report, ntpMs: report.ntpMs + (index % 3) * 40 }));
    const expected = ((60_000 + 8 * PERIOD_MS) * CLOCK_RATE) / 1_000;
    expect(Math.abs((believed(shaky) ?? 0) - expected)).toBeLessThan(0.05 * CLOCK_RATE);
  });

  it.each<[string, (report: Said, index: number) => Said]>([
    [
      'whose wall clock is set in between',
      (report, index) => ({ ...report, ntpMs: report.ntpMs + (index > 6 ? 3_600_000 : 0) }),
    ],
    [
      'whose wall clock goes back',
      (report, index) => ({ ...report, ntpMs: report.ntpMs - (index > 6 ? 20_000 : 0) }),
    ],
    ['whose wall clock stands still', (report) => ({ ...report, ntpMs: NTP_START_MS })],
    ['that count no time', (report, index) => ({ ...report, trackMs: 60_000 + index })],
    [
      'whose stamps run ahead of their wall clock',
      (report, index) => ({ ...report, trackMs: report.trackMs + index * 1_000 }),
    ],
    [
      'whose clocks both run at half speed',
      (report, index) => ({ ...report, ntpMs: NTP_START_MS + index * 30_000, trackMs: index * 30_000 }),
    ],
  ])('are not believed of a camera %s', (_, change) => {
    expect(believed(series(9, change))).toBeUndefined();
  });

  it('are not believed when their stamp is far from that of the packets', () => {
    const clock = new SenderReports(CLOCK_RATE);
    for (const { ntpMs, trackMs, arrivalMs } of series(9)) {
      const rtpTimestamp = (trackMs * CLOCK_RATE) / 1_000;
      clock.take(
        { ntpUtcMs: ntpMs, rtpTimestamp, arrivalMonotonicMs: arrivalMs },
        rtpTimestamp + 11 * CLOCK_RATE,
      );
    }
    expect(clock.timestampAt(NTP_START_MS, 50_000)).toBeUndefined();
  });

  it('are forgotten after a minute without one, and when the clock of the track starts anew', () => {
    const clock = new SenderReports(CLOCK_RATE);
    for (const { ntpMs, trackMs, arrivalMs } of series(5)) {
      const rtpTimestamp = (trackMs * CLOCK_RATE) / 1_000;
      clock.take({ ntpUtcMs: ntpMs, rtpTimestamp, arrivalMonotonicMs: arrivalMs }, rtpTimestamp);
    }
    const lastArrivalMs = said(4).arrivalMs;
    expect(clock.timestampAt(NTP_START_MS, lastArrivalMs + 60_000)).toBeDefined();
    expect(clock.timestampAt(NTP_START_MS, lastArrivalMs + 60_001)).toBeUndefined();
    clock.forget();
    expect(clock.timestampAt(NTP_START_MS, lastArrivalMs)).toBeUndefined();
  });
});
