/** Lets only so many through at a time; the rest wait in order. */
export interface HandshakeQueue {
  /**
   * Resolves when it is this caller's turn, to the function that ends the turn (safe to call twice). Resolves to
   * undefined when `signal` ended first.
   */
  enter(signal: AbortSignal): Promise<(() => void) | undefined>;
}

/** Chromium slows down WebSocket handshakes beyond a handful at once: 36 together take 5 s, six at a time half of that. */
export const handshakesAtOnce = 6;

export function createHandshakeQueue(limit: number = handshakesAtOnce): HandshakeQueue {
  const waiting: (() => void)[] = [];
  let inside = 0;

  const letIn = (): void => {
    if (inside < limit) waiting.shift()?.();
  };
  const turn = (): (() => void) => {
    inside += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      inside -= 1;
      letIn();
    };
  };

  return {
    async enter(signal) {
      if (signal.aborted) return undefined;
      return new Promise((resolve) => {
        const enterNow = (): void => {
          signal.removeEventListener('abort', giveUp);
          resolve(turn());
        };
        const giveUp = (): void => {
          const position = waiting.indexOf(enterNow);
          if (position !== -1) waiting.splice(position, 1);
          resolve(undefined);
        };
        signal.addEventListener('abort', giveUp, { once: true });
        waiting.push(enterNow);
        letIn();
      });
    },
  };
}
