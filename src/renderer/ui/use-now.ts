import { useEffect, useState } from 'react';

/** The present UTC time in ms, once a second, so that "for 4 min" goes on while nothing else changes. */
export function useNowUtcMs(): number {
  const [nowUtcMs, setNowUtcMs] = useState(() => Date.now());
  useEffect(() => {
    const ticking = setInterval(() => {
      setNowUtcMs(Date.now());
    }, 1000);
    return () => {
      clearInterval(ticking);
    };
  }, []);
  return nowUtcMs;
}
