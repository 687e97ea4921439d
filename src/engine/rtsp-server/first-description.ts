import type { Clock } from '../../shared/domain/clock.ts';
import type { JoinableStream } from '../live/index.ts';
import type { StreamDescription } from '../media/sample.ts';

export type FirstDescription =
  | { readonly kind: 'described'; readonly description: StreamDescription }
  /** The camera did not answer in time; `detail` says what is known. */
  | { readonly kind: 'unavailable'; readonly detail: string };

interface Patience {
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** What a stream consists of, which wakes the camera if nobody watches. The stream lingers, so that PLAY finds it running. */
export async function firstDescription(
  stream: JoinableStream,
  { clock, timeoutMs }: Patience,
): Promise<FirstDescription> {
  const { promise, resolve } = Promise.withResolvers<FirstDescription>();
  let detail = 'The camera did not answer in time.';
  using stack = new DisposableStack();
  stack.use(clock.after(timeoutMs, () => resolve({ kind: 'unavailable', detail })));
  const membership = stream.join({
    onDescription: (description) => resolve({ kind: 'described', description }),
    onSample: () => undefined,
    onInterruption(interruption) {
      detail = interruption.detail;
      if (interruption.kind === 'stopped') resolve({ kind: 'unavailable', detail });
    },
  });
  stack.use(membership);
  return await promise;
}
