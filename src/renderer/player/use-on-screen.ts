import { useEffect, useState, useSyncExternalStore } from 'react';
import type { RefObject } from 'react';

function followVisibility(onChange: () => void): () => void {
  document.addEventListener('visibilitychange', onChange);
  return () => {
    document.removeEventListener('visibilitychange', onChange);
  };
}

/** Whether anybody can see the element: the page is not hidden and it is not scrolled away. */
export function useOnScreen(target: RefObject<Element | null>): boolean {
  const isPageVisible = useSyncExternalStore(followVisibility, () => document.visibilityState === 'visible');
  const [isInView, setInView] = useState(true);
  useEffect(() => {
    const element = target.current;
    if (element === null) return undefined;
    const observer = new IntersectionObserver((entries) => {
      const newest = entries.at(-1);
      if (newest !== undefined) setInView(newest.isIntersecting);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [target]);
  return isPageVisible && isInView;
}
