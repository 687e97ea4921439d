import type { MantineColorSchemeManager } from '@mantine/core';
import { useSite } from '../features/site/index.ts';

/**
 * The desk keeps the choice, because its port, and with it the browser's storage, is another at each start. Until the
 * desk has said it, the page looks as the operating system does.
 */
export function deskColorSchemeManager(): MantineColorSchemeManager {
  let unsubscribe: (() => void) | undefined;
  return {
    get: (defaultScheme) => useSite.getState().site?.colorScheme ?? defaultScheme,
    // Told by the desk's state, never the other way round.
    set: () => undefined,
    clear: () => undefined,
    subscribe(onUpdate) {
      unsubscribe = useSite.subscribe(({ site }, before) => {
        if (site !== undefined && site.colorScheme !== before.site?.colorScheme) onUpdate(site.colorScheme);
      });
    },
    unsubscribe: () => unsubscribe?.(),
  };
}
