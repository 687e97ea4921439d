import { SoundConverter } from './sound-converter.ts';
import type { SoundConverterOptions } from './sound-converter.ts';

/** Each is a process of some 20 MB that anybody who may view can start by asking. */
const defaultMaximum = 16;

/** What becomes of conversions, past and present. */
export interface ConversionTotals {
  readonly soundConversions: number;
  readonly soundConversionsRefused: number;
  /** Sounds that were not converted because ffmpeg was too slow. */
  readonly soundsDropped: number;
}

interface SoundConversionsOptions {
  /** The system's ffmpeg. */
  readonly program: string;
  readonly maximum?: number;
}

/** The conversions of all streams, which run at the same time up to a bound. */
export class SoundConversions {
  readonly maximum: number;
  readonly #program: string;
  #running = 0;
  #refused = 0;
  #soundsDropped = 0;

  constructor({ program, maximum = defaultMaximum }: SoundConversionsOptions) {
    this.#program = program;
    this.maximum = maximum;
  }

  get totals(): ConversionTotals {
    return {
      soundConversions: this.#running,
      soundConversionsRefused: this.#refused,
      soundsDropped: this.#soundsDropped,
    };
  }

  /** Undefined when there are too many already. Who starts one stops it, if it does not end by itself. */
  start(
    options: Omit<SoundConverterOptions, 'program' | 'onSoundDropped' | 'onStopped'>,
  ): SoundConverter | undefined {
    if (this.#running >= this.maximum) {
      this.#refused += 1;
      return undefined;
    }
    const converter = new SoundConverter({
      ...options,
      program: this.#program,
      onSoundDropped: () => {
        this.#soundsDropped += 1;
      },
      onStopped: () => {
        this.#running -= 1;
      },
    });
    this.#running += 1;
    return converter;
  }
}
