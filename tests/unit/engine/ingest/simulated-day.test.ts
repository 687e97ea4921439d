/** The time of every picture, over a day, whatever cameras, networks and clocks do. `BELVEDERE_TEST_SEED` repeats a run. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../integration/seeded-random.ts';
import { runsWhole } from '../../../support/sampling.ts';
import { ORDERLY, simulateDay } from './simulated-day.ts';
import type { DayOptions, DayResult, ReportHabit } from './simulated-day.ts';

type Habits = Partial<Omit<DayOptions, 'seed' | 'hours'>>;

const LARGEST_ERROR_MS = 500;
/** A leap of the stamps during a stall cannot be told from one without. */
const LARGEST_GAP_AT_LEAPS_MS = 1_000;
const LARGEST_GAP_MS = 100;
const HOURS = runsWhole ? 24 : 3;
const DAY_TIMEOUT_MS = 30_000;
const MIXED_DAYS = runsWhole ? 100 : 2;
const MIXED_TIMEOUT_MS = MIXED_DAYS * 20_000;

const CAMERAS: Readonly<Record<string, Habits>> = {
  'in order': {},
  'with a clock 50 ppm fast': { paceError: 5e-5, framesPerSecond: 25 },
  'with a clock 300 ppm slow': { paceError: -3e-4 },
  'that stamps 1 % too fast': { paceError: 0.01 },
  'that stamps 5 % too slow': { paceError: -0.05 },
  'that stamps 10 % too fast': { paceError: 0.1 },
  'that stamps 25 and sends 21': { paceError: 25 / 21 - 1, framesPerSecond: 21 },
  'that stamps 21 and sends 25': { paceError: 21 / 25 - 1, framesPerSecond: 25, jitterMs: 20 },
  'that stamps 19 % too slow through stalls': { paceError: -0.19, stallsPerHour: 6, jitterMs: 20 },
  'that changes its pace': { paceChangesPerDay: 48, jitterMs: 20 },
  'on a jittery network': { jitterMs: 60, burstFrames: 3 },
  'on a network that stalls': { stallsPerHour: 20, jitterMs: 20 },
  'that sends a picture a second': { framesPerSecond: 1, jitterMs: 100 },
  'whose stamps leap': { leapsPerDay: 48 },
  'that begins with old pictures': { reconnectsPerDay: 48, backlogMs: 2_000 },
  'that reboots without hanging up': { rebootsPerDay: 48 },
  'with pictures out of order': { reordered: true, framesPerSecond: 25, jitterMs: 10 },
};

/** What reports make of a camera in order: the difference that they may make, and no more. */
const REPORTS: Readonly<
  Record<ReportHabit, { readonly largestErrorMs: number; readonly largestAudioOffsetMs: number }>
> = {
  none: { largestErrorMs: 120, largestAudioOffsetMs: 80 },
  good: { largestErrorMs: 20, largestAudioOffsetMs: 35 },
  'hour-ahead': { largestErrorMs: 120, largestAudioOffsetMs: 35 },
  epoch: { largestErrorMs: 120, largestAudioOffsetMs: 35 },
  'tracks-apart': { largestErrorMs: 120, largestAudioOffsetMs: 80 },
  jumping: { largestErrorMs: 120, largestAudioOffsetMs: 80 },
  'random-stamps': { largestErrorMs: 120, largestAudioOffsetMs: 80 },
  'half-speed': { largestErrorMs: 120, largestAudioOffsetMs: 80 },
  stuck: { largestErrorMs: 120, largestAudioOffsetMs: 80 },
};

const seeded = seededRandom();
const { seed } = seeded;
const next = (): number => seeded.next();

function day(habits: Habits, hours: number): DayResult & { readonly habits: Habits; readonly seed: number } {
  const daySeed = Math.floor(next() * 2 ** 31);
  return { ...simulateDay({ ...ORDERLY, ...habits, seed: daySeed, hours }), habits, seed: daySeed };
}

/** What of a day is not as it has to be; the whole day, so that a failure can be repeated. */
function faults(result: DayResult & { readonly habits: Habits }): object | undefined {
  const hasLeaps = (result.habits.leapsPerDay ?? 0) + (result.habits.rebootsPerDay ?? 0) > 0;
  const isSound =
    result.largestErrorMs <= LARGEST_ERROR_MS &&
    Math.abs(result.lastErrorMs) <= LARGEST_ERROR_MS &&
    result.backwardSteps === 0 &&
    result.largestGapMs <= (hasLeaps ? LARGEST_GAP_AT_LEAPS_MS : LARGEST_GAP_MS) &&
    result.squeezedShare < 0.001;
  return isSound ? undefined : result;
}

describe(`a day (seed ${seed})`, { timeout: DAY_TIMEOUT_MS }, () => {
  it.each(Object.entries(CAMERAS))('of a camera %s', (_, habits) => {
    expect(faults(day(habits, HOURS))).toBeUndefined();
  });

  it.each(Object.entries(REPORTS))('with sender reports: %s', (habit, most) => {
    const reports = REPORT_HABITS.find((known) => known === habit) ?? 'none';
    const result = day({ reports, jitterMs: 3, framesPerSecond: 25 }, HOURS);
    expect(faults(result)).toBeUndefined();
    expect(result.largestErrorMs).toBeLessThanOrEqual(most.largestErrorMs);
    expect(result.largestAudioOffsetMs).toBeLessThanOrEqual(most.largestAudioOffsetMs);
  });

  it('of a node whose clock is slewed and set, both ways', () => {
    expect(faults(day({ wallStepsPerDay: 48, wallDrift: 3e-4 }, HOURS))).toBeUndefined();
    expect(faults(day({ wallStepsPerDay: 48, wallDrift: -3e-4 }, HOURS))).toBeUndefined();
  });

  it('of everything at once is within half a second of the truth', { timeout: MIXED_TIMEOUT_MS }, () => {
    const found = Array.from({ length: MIXED_DAYS }, () => faults(day(mixedHabits(), 24)));
    expect(found.filter((fault) => fault !== undefined)).toEqual([]);
  });
});

const REPORT_HABITS: readonly ReportHabit[] = [
  'none',
  'good',
  'hour-ahead',
  'epoch',
  'tracks-apart',
  'jumping',
  'random-stamps',
  'half-speed',
  'stuck',
];

function mixedHabits(): Habits {
  const sometimes = (most: number): number => (next() < 0.5 ? 0 : most * next());
  return {
    framesPerSecond: 8 + Math.floor(18 * next()),
    paceError: sometimes(0.38) - (next() < 0.5 ? 0 : 0.19),
    jitterMs: 1 + 50 * next() ** 2,
    burstFrames: 1 + Math.floor(3 * next()),
    stallsPerHour: sometimes(4),
    leapsPerDay: sometimes(12),
    paceChangesPerDay: sometimes(12),
    reconnectsPerDay: sometimes(24),
    rebootsPerDay: sometimes(12),
    backlogMs: sometimes(2_000),
    reordered: next() < 0.3,
    reports: REPORT_HABITS[Math.floor(REPORT_HABITS.length * next())] ?? 'none',
    wallStepsPerDay: sometimes(4),
    wallDrift: sometimes(4e-4),
  };
}
