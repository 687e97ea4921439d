import { useCallback, useEffect, useRef, useState } from 'react';
import type { Failure } from '../../shared/contract/index.ts';

/** Where an action that a person started stands. */
export type ActionState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'working' }
  | { readonly kind: 'failed'; readonly failure: Failure };

type Outcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface Action<A extends readonly unknown[]> {
  readonly state: ActionState;
  /** Stays the same function, so that effects and memos may depend on it. */
  readonly run: (...input: A) => void;
  readonly reset: () => void;
}

/** Runs `perform` at most once at a time and keeps what became of it for the button and the notice beside it. */
export function useAction<A extends readonly unknown[], T>(
  perform: (...input: A) => Promise<Outcome<T>>,
  onDone?: (value: T) => void,
): Action<A> {
  const [state, setState] = useState<ActionState>({ kind: 'idle' });
  const working = useRef(false);
  const latest = useRef({ perform, onDone });
  useEffect(() => {
    latest.current = { perform, onDone };
  });

  const run = useCallback((...input: A) => {
    if (working.current) return;
    working.current = true;
    setState({ kind: 'working' });
    void (async () => {
      const outcome = await latest.current.perform(...input);
      working.current = false;
      if (outcome.kind === 'failed') {
        setState(outcome);
        return;
      }
      setState({ kind: 'idle' });
      latest.current.onDone?.(outcome.value);
    })();
  }, []);
  const reset = useCallback(() => {
    setState({ kind: 'idle' });
  }, []);
  return { state, run, reset };
}
