import { Histogram } from 'prom-client';

/** Counts that were made elsewhere, in buckets that are not cumulated; the last has no upper bound. */
export interface HistogramSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly buckets: readonly number[];
  readonly count: number;
  /** Of all that was observed, in the metric's unit. */
  readonly sum: number;
}

interface CountedHistogramOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly upperBounds: readonly number[];
  readonly samples: readonly HistogramSample[];
}

/** A histogram of prom-client that tells what was counted elsewhere. */
export class CountedHistogram extends Histogram {
  readonly #options: CountedHistogramOptions;

  constructor(options: CountedHistogramOptions) {
    const { name, help, labelNames } = options;
    super({ name, help, labelNames, buckets: [...options.upperBounds], registers: [] });
    this.#options = options;
  }

  /** What prom-client's registry asks for when it writes text. */
  getForPromString(): object {
    const { name, help, samples } = this.#options;
    return { name, help, type: 'histogram', values: samples.flatMap((sample) => this.#values(sample)) };
  }

  #values({ labels, buckets, count, sum }: HistogramSample): readonly object[] {
    const { name, upperBounds } = this.#options;
    let below = 0;
    const cumulated = upperBounds.map((le, place) => {
      below += buckets[place] ?? 0;
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below };
    });
    return [
      ...cumulated,
      { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
