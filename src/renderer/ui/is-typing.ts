const withoutText: ReadonlySet<string> = new Set(['radio', 'checkbox', 'button', 'submit', 'range']);

/** Whether keys pressed at `target` are text, so that they must not act as shortcuts. */
export function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !withoutText.has(target.type);
  return (
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLElement && target.isContentEditable)
  );
}
