/** Sound that comes more than this off where it should be starts a new stretch. */
const tolerance90k = 40 * 90;
/** Of stretches that have not come out of the encoder yet. */
const maximumStretches = 64;

interface Stretch {
  /** Sound samples that went in before it. */
  readonly position: number;
  readonly dts90k: number;
}

/**
 * Where on the stream's timeline belongs what comes out of an encoder. What goes in is one sound to the encoder, whatever
 * was lost between its packets; here is remembered when each stretch of it began.
 */
export class SoundClock {
  readonly #sampleRate: number;
  #stretches: Stretch[] = [];
  #position = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  /** So many sound samples of this time go in. */
  note(dts90k: number, samples: number): void {
    const newest = this.#stretches.at(-1);
    if (newest === undefined || Math.abs(this.#timeIn(newest, this.#position) - dts90k) > tolerance90k) {
      this.#stretches.push({ position: this.#position, dts90k });
      if (this.#stretches.length > maximumStretches) this.#stretches.shift();
    }
    this.#position += samples;
  }

  /** The time of what comes out `seconds` after the first; undefined before anything went in. */
  dts90kAt(seconds: number): number | undefined {
    const position = seconds * this.#sampleRate;
    for (let next = this.#stretches[1]; next !== undefined && next.position <= position;) {
      this.#stretches.shift();
      next = this.#stretches[1];
    }
    const [stretch] = this.#stretches;
    return stretch === undefined ? undefined : Math.round(this.#timeIn(stretch, position));
  }

  #timeIn(stretch: Stretch, position: number): number {
    return stretch.dts90k + ((position - stretch.position) * 90_000) / this.#sampleRate;
  }
}
