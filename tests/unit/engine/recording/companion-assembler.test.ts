import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../../src/engine/media/sample.ts';
import {
  CompanionAssembler,
  type CompanionEvent,
  type CompanionLimits,
  type CompanionPart,
  type CompanionPlace,
  type CompanionTracks,
} from '../../../../src/engine/recording/companion-assembler.ts';
import { mulberry32 } from './synthetic-stream.ts';

const limits: CompanionLimits = { partDurationMs: 1000, maximumPartBytes: 2000 };
const second90k = 90_000;

const metadata: CompanionTracks = { metadata: { kind: 'metadata', codec: 'onvif' } };
const sound: CompanionTracks = { audio: { kind: 'audio', codec: 'pcmu', sampleRate: 8000, channels: 1 } };

/** How often each sample's memory is held. */
class Ledger {
  readonly holds = new Map<Uint8Array, number>();
  #overReleases = 0;

  sample(dts90k: number, byteLength: number): Sample {
    const data = new Uint8Array(byteLength);
    const change = (by: number): void => {
      const holds = (this.holds.get(data) ?? 0) + by;
      if (holds < 0) this.#overReleases += 1;
      this.holds.set(data, holds);
    };
    return {
      track: 'metadata',
      data,
      memory: { retain: () => change(1), release: () => change(-1) },
      dts90k,
      pts90k: dts90k,
      isSync: true,
      arrivalMonotonicMs: dts90k / 90,
      utcMs: dts90k / 90,
    };
  }

  get state(): { readonly held: number; readonly overReleases: number } {
    const held = this.holds.values().reduce((sum, holds) => sum + holds, 0);
    return { held, overReleases: this.#overReleases };
  }
}

function placeAt(dts90k: number): CompanionPlace {
  return { dts90k, utcMs: dts90k / 90, arrivalMonotonicMs: dts90k / 90 };
}

interface WrittenFile {
  readonly place: CompanionPlace;
  readonly parts: CompanionPart[];
  isEnded: boolean;
}

/** Puts events together, insists on their order and releases the parts, as the disk does. */
class Files {
  readonly all: WrittenFile[] = [];

  take(events: readonly CompanionEvent[]): void {
    for (const event of events) {
      const open = this.all.at(-1);
      if (event.kind === 'start') {
        if (open?.isEnded === false) throw new Error('a file within a file');
        this.all.push({ place: event.place, parts: [], isEnded: false });
        continue;
      }
      if (open === undefined || open.isEnded) throw new Error(`${event.kind} outside a file`);
      if (event.kind === 'end') {
        open.isEnded = true;
        continue;
      }
      open.parts.push(event.part);
      event.part.release();
    }
  }

  /** As `discard` of the recorder does, which ends the file itself. */
  close(): void {
    const open = this.all.at(-1);
    if (open !== undefined) open.isEnded = true;
  }

  /** Of each file its place and the samples in it, by identity. */
  contents(): { readonly start90k: number; readonly data: readonly Uint8Array[] }[] {
    return this.all.map(({ place, parts }) => ({
      start90k: place.dts90k,
      data: parts.flatMap(({ chunks }) => chunks.slice(1)),
    }));
  }
}

describe('CompanionAssembler', () => {
  it('gives a sample that comes after a cut but is from before it to the old file', () => {
    const ledger = new Ledger();
    const assembler = new CompanionAssembler(limits);
    const files = new Files();
    const [early, late, next] = [10, 59, 61].map((seconds) => ledger.sample(seconds * second90k, 8));
    if (early === undefined || late === undefined || next === undefined) throw new Error('three samples');
    files.take(assembler.cut(placeAt(0), sound));
    files.take(assembler.add(early));
    files.take(assembler.cut(placeAt(60 * second90k), sound));
    files.take(assembler.add(late));
    files.take(assembler.add(next));
    files.take(assembler.end());
    expect(files.contents()).toEqual([
      { start90k: 0, data: [early.data, late.data] },
      { start90k: 60 * second90k, data: [next.data] },
    ]);
    expect(ledger.state).toEqual({ held: 0, overReleases: 0 });
  });

  it('does not hold a rare sample for longer than the segment after its own', () => {
    const ledger = new Ledger();
    const assembler = new CompanionAssembler(limits);
    const files = new Files();
    files.take(assembler.cut(placeAt(0), metadata));
    files.take(assembler.add(ledger.sample(second90k, 8)));
    files.take(assembler.cut(placeAt(60 * second90k), metadata));
    expect(ledger.state).toEqual({ held: 1, overReleases: 0 });
    files.take(assembler.cut(placeAt(120 * second90k), metadata));
    expect(ledger.state).toEqual({ held: 0, overReleases: 0 });
    expect(files.all.map(({ place, parts, isEnded }) => [place.dts90k, parts.length, isEnded])).toEqual([
      [0, 1, true],
    ]);
    // Of the silent segment, and of the one before it, which is over.
    files.take(assembler.add(ledger.sample(70 * second90k, 8)));
    files.take(assembler.add(ledger.sample(30 * second90k, 8)));
    files.take(assembler.end());
    expect(files.all.map(({ place, parts }) => [place.dts90k, parts.length])).toEqual([
      [0, 1],
      [60 * second90k, 1],
    ]);
    expect(assembler.samplesDropped).toBe(1);
  });

  it('begins no file beside a segment that the video gave up', () => {
    const ledger = new Ledger();
    const assembler = new CompanionAssembler(limits);
    assembler.cut(placeAt(0), metadata);
    assembler.discardSegment();
    expect([...assembler.add(ledger.sample(second90k, 8)), ...assembler.end()]).toEqual([]);
    expect(assembler.samplesDropped).toBe(1);
    expect(ledger.state).toEqual({ held: 0, overReleases: 0 });
  });

  const seeds = [108292565, ...Array.from({ length: 60 }, () => Math.floor(Math.random() * 2 ** 31))];
  it.each(seeds)('loses, doubles and misplaces nothing, and releases all once (seed %i)', (seed) => {
    const random = mulberry32(seed);
    const ledger = new Ledger();
    const assembler = new CompanionAssembler(limits);
    const files = new Files();
    const tracks = random() < 0.5 ? metadata : sound;
    /** Samples come this much later than pictures of their time; segments are longer. */
    const late90k = Math.floor(random() * 3 * second90k);
    const expected = new Map<number, Uint8Array[]>();
    /** Where files may begin, since the stream began: the newest last. */
    let places: number[] = [];
    let droppedCount = 0;
    let isGivenUp = false;
    let now90k = 0;
    let sample90k = 0;
    let nextCut90k = 0;
    const accepted = new Map<Uint8Array, number>();

    const addSample = (): void => {
      sample90k = Math.max(sample90k, now90k - late90k);
      const sample = ledger.sample(sample90k, 1 + Math.floor(random() * 800));
      files.take(assembler.add(sample));
      const place = places.findLast((start90k) => start90k <= sample90k);
      if (place === undefined) {
        if (isGivenUp) droppedCount += 1;
        return;
      }
      isGivenUp = false;
      accepted.set(sample.data, place);
      expected.set(place, [...(expected.get(place) ?? []), sample.data]);
    };

    /** What is not written yet is lost. */
    const loseHeld = (): void => {
      const written = new Set(files.contents().flatMap(({ data }) => data));
      for (const [data, place] of accepted) {
        if (written.has(data)) continue;
        accepted.delete(data);
        droppedCount += 1;
        expected.set(place, expected.get(place)?.filter((other) => other !== data) ?? []);
      }
      files.close();
      isGivenUp = true;
    };

    for (let step = 0; step < 400; step += 1) {
      now90k += Math.floor(random() * second90k);
      if (now90k >= nextCut90k) {
        // Of a cut before which no sample came, a newer one makes the place in force.
        const pending = places.at(-1);
        if (pending !== undefined && pending > sample90k) isGivenUp = false;
        places.push(now90k);
        files.take(assembler.cut(placeAt(now90k), tracks));
        nextCut90k = now90k + (4 + random() * 6) * second90k;
      }
      const dice = random();
      if (dice < 0.02) {
        files.take(assembler.end());
        places = [];
        isGivenUp = false;
        nextCut90k = now90k;
      } else if (dice < 0.04) {
        assembler.discardSegment();
        loseHeld();
        places = [];
        nextCut90k = now90k;
      } else if (dice < 0.06) {
        assembler.discard();
        loseHeld();
        // Of several that nothing came for yet, all but the newest are in hand already.
        places = places.slice(-1).filter((start90k) => start90k > sample90k);
      } else if (dice < 0.8) addSample();
    }
    files.take(assembler.end());

    const written = files.contents();
    const wanted = [...expected]
      .filter(([, data]) => data.length > 0)
      .map(([start90k, data]) => ({ start90k, data }));
    expect(written.map(({ start90k }) => start90k)).toEqual(wanted.map(({ start90k }) => start90k));
    const isSame = written.every(({ data }, index) =>
      data.every((bytes, at) => bytes === wanted[index]?.data[at]),
    );
    const counts = written.map(({ data }) => data.length);
    expect({ isSame, counts }).toEqual({ isSame: true, counts: wanted.map(({ data }) => data.length) });
    expect(files.all.every(({ isEnded }) => isEnded)).toBe(true);
    expect({ ...ledger.state, dropped: assembler.samplesDropped }).toEqual({
      held: 0,
      overReleases: 0,
      dropped: droppedCount,
    });
  });
});
