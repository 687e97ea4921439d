import { Counter, Gauge, Registry } from 'prom-client';
import { CountedHistogram } from './counted-histogram.ts';
import type { HistogramSample } from './counted-histogram.ts';

/**
 * One metric as it is now. Names follow Prometheus: base units at the end (`_seconds`, `_bytes`, `_ratio`), `_total` for what
 * only grows. A label has as many values as the configuration or the code lists, never as many as a client invents.
 */
export interface Metric {
  readonly kind: 'gauge' | 'counter';
  /** Without the prefix of the engine. */
  readonly name: string;
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** How values are spread, as it is now. */
export interface HistogramMetric {
  readonly kind: 'histogram';
  readonly name: string;
  readonly help: string;
  /** Of all buckets but the last, in the metric's unit. */
  readonly upperBounds: readonly number[];
  readonly samples: readonly HistogramSample[];
}

const prefix = 'belvedere_';

export function gauge(name: string, help: string, value: number): Metric {
  return { kind: 'gauge', name, help, samples: [{ labels: {}, value }] };
}

export function counter(name: string, help: string, value: number): Metric {
  return { kind: 'counter', name, help, samples: [{ labels: {}, value }] };
}

/**
 * The text format of Prometheus, version 0.0.4. It is made afresh at each scrape, so that there is no second copy of the
 * engine's state and a camera is forgotten when the engine forgets it.
 */
export function renderMetrics(metrics: readonly (Metric | HistogramMetric)[]): Promise<string> {
  const registry = new Registry();
  for (const metric of metrics) {
    const [first] = metric.samples;
    if (first === undefined) continue;
    const labelNames = Object.keys(first.labels);
    const { help } = metric;
    const options = { name: `${prefix}${metric.name}`, help, labelNames, registers: [registry] };
    switch (metric.kind) {
      case 'gauge': {
        const made = new Gauge(options);
        for (const { labels, value } of metric.samples) made.set(labels, value);
        break;
      }
      case 'counter': {
        const made = new Counter(options);
        for (const { labels, value } of metric.samples) made.inc(labels, value);
        break;
      }
      case 'histogram':
        registry.registerMetric(new CountedHistogram({ ...metric, ...options }));
        break;
    }
  }
  return registry.metrics();
}
