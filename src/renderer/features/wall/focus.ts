/** Moves the focus from one tile to another with the arrow keys, by rows and columns, without wrapping. */
export function moveFocus(tile: Element, key: string, columns: number): boolean {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
  };
  const step = steps[key];
  if (step === undefined) return false;
  const places = [...(tile.parentElement?.children ?? [])];
  const target = places[places.indexOf(tile) + step];
  if (!(target instanceof HTMLElement && 'tile' in target.dataset)) return false;
  target.focus();
  return true;
}
