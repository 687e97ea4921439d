import type {
  Interruption,
  Sample,
  StreamDescription,
  StreamSubscriber,
} from '../../../../src/engine/media/sample.ts';
import type { Log } from '../../../../src/shared/domain/log.ts';

export class CollectingSubscriber implements StreamSubscriber {
  readonly descriptions: StreamDescription[] = [];
  readonly samples: Sample[] = [];
  readonly interruptions: Interruption[] = [];
  /** What came, in order, in one word each. */
  readonly order: string[] = [];

  onDescription(description: StreamDescription): void {
    this.descriptions.push(description);
    this.order.push(`description ${description.generation}`);
  }

  onSample(sample: Sample): void {
    this.samples.push(copyOf(sample));
    this.order.push(sample.track === 'audio' ? 'audio' : sample.isSync ? 'sync' : 'picture');
  }

  onInterruption(interruption: Interruption): void {
    this.interruptions.push(interruption);
    this.order.push(interruption.kind);
  }
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly facts: object;
  readonly message: string;
}

/** A log that can be looked at. */
export function collectingLog(): { readonly log: Log; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const writer =
    (level: LogLine['level']) =>
    (facts: object, message: string): void => {
      lines.push({ level, facts, message });
    };
  const log: Log = {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    child: () => log,
  };
  return { log, lines };
}

/** What stays when the memory is used again. */
function copyOf({ track, data, dts90k, pts90k, isSync, arrivalMonotonicMs, utcMs }: Sample): Sample {
  return { track, data: Buffer.from(data), dts90k, pts90k, isSync, arrivalMonotonicMs, utcMs };
}
