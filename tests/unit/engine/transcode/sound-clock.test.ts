import { describe, expect, it } from 'vitest';
import { SoundClock } from '../../../../src/engine/transcode/sound-clock.ts';

/** 20 ms packets of 8 kHz sound; times in ms. */
function clockWith(startsMs: readonly number[]): SoundClock {
  const clock = new SoundClock(8_000);
  for (const startMs of startsMs) clock.note(startMs * 90, 160);
  return clock;
}

function times(clock: SoundClock, seconds: readonly number[]): (number | undefined)[] {
  return seconds.map((at) => {
    const dts90k = clock.dts90kAt(at);
    return dts90k === undefined ? undefined : dts90k / 90;
  });
}

describe('the clock of converted sound', () => {
  it('counts from the first packet, whatever pieces come out', () => {
    expect(times(clockWith([500, 520, 540]), [0, 0.02, 0.03, 0.5])).toEqual([500, 520, 530, 1_000]);
    expect(times(new SoundClock(8_000), [0])).toEqual([undefined]);
  });

  it('minds no jitter, and takes a jump where it is', () => {
    const clock = clockWith([500, 530, 560, 580, 2_000, 2_020]);
    expect(times(clock, [0.02, 0.06, 0.079, 0.08, 0.1, 0.2])).toEqual([520, 560, 579, 2_000, 2_020, 2_120]);
  });

  it('remembers so many jumps, and no more', () => {
    const clock = clockWith(Array.from({ length: 1_000 }, (_, index) => index * 1_000));
    expect(times(clock, [999 * 0.02])).toEqual([999_000]);
  });
});
