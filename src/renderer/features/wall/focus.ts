import type { KeyboardEvent } from 'react';

/** Moves the focus between tiles with the arrow keys, as on a screen wall: by rows and columns, without wrapping. */
export function moveFocus(event: KeyboardEvent<HTMLElement>, columns: number): void {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
  };
  const step = steps[event.key];
  if (step === undefined) return;
  const places = [...event.currentTarget.children];
  const from = places.findIndex((place) => place === event.target);
  if (from === -1) return;
  const target = places[from + step];
  if (target instanceof HTMLElement && 'tile' in target.dataset) {
    target.focus();
    event.preventDefault();
  }
}
