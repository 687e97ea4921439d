/** Numbers as engineers read them. One place, so that the same fact looks the same on every page. */

function decimals(maximumFractionDigits: number, minimumFractionDigits = 0): Intl.NumberFormat {
  return new Intl.NumberFormat('en-GB', { maximumFractionDigits, minimumFractionDigits });
}
const whole = decimals(0);
const oneDecimal = decimals(1, 1);
const twoDecimals = decimals(2, 2);
const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const dateAndTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

export function formatCount(count: number): string {
  return whole.format(count);
}

/** `bitsPerSecond` as Mbit/s or kbit/s. */
export function formatBitrate(bitsPerSecond: number): string {
  return bitsPerSecond >= 999_500
    ? `${oneDecimal.format(bitsPerSecond / 1e6)} Mbit/s`
    : `${whole.format(bitsPerSecond / 1e3)} kbit/s`;
}

export function formatFramesPerSecond(framesPerSecond: number): string {
  return `${framesPerSecond < 9.95 ? oneDecimal.format(framesPerSecond) : whole.format(framesPerSecond)} fps`;
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Decimal units, as disks are sold and `df -H` shows them. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const number = unit < 2 || value >= 99.5 ? whole.format(value) : oneDecimal.format(value);
  return `${number} ${byteUnits[unit] ?? 'B'}`;
}

/** A length of time to two steps of precision at most: `0.4 s`, `12 s`, `3 min`, `5 h`, `12 days`. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, durationMs) / 1000;
  if (seconds < 9.95) return `${oneDecimal.format(seconds)} s`;
  if (seconds < 90) return `${whole.format(seconds)} s`;
  const minutes = seconds / 60;
  if (minutes < 90) return `${whole.format(minutes)} min`;
  const hours = minutes / 60;
  if (hours < 36) return `${whole.format(hours)} h`;
  const days = hours / 24;
  return days < 365 ? `${whole.format(days)} days` : 'over a year';
}

/** How long something has been so, in whole seconds at least, because it is counted before the reader's eyes. */
export function formatAge(ageMs: number): string {
  const seconds = Math.max(0, Math.round(ageMs / 1000));
  return seconds < 10 ? `${whole.format(seconds)} s` : formatDuration(seconds * 1000);
}

/** A signed offset: `+12 ms`, `−3.4 s`. */
export function formatOffset(offsetMs: number): string {
  const sign = offsetMs < 0 ? '−' : '+';
  const size = Math.abs(offsetMs);
  if (size < 1000) return `${sign}${whole.format(size)} ms`;
  return `${sign}${formatDuration(size)}`;
}

/** CPU where 1 = one core busy. */
export function formatCpu(cores: number): string {
  return `${cores < 0.0995 ? twoDecimals.format(cores) : oneDecimal.format(cores)} cores`;
}

export function formatPercent(share: number): string {
  return `${whole.format(share * 100)} %`;
}

export function formatTime(utcMs: number): string {
  return time.format(utcMs);
}

export function formatDateTime(utcMs: number): string {
  return dateAndTime.format(utcMs);
}

/** A moment in the past: the time, and the date too when it was not within the last 18 hours. */
export function formatSince(utcMs: number, nowUtcMs: number): string {
  return nowUtcMs - utcMs < 18 * 3_600_000 ? formatTime(utcMs) : formatDateTime(utcMs);
}

/** Names in the order people count: `Camera 2` before `Camera 10`. */
export const compareNames = new Intl.Collator('en', { numeric: true, sensitivity: 'base' }).compare;

/** `a, b and 3 more`. */
export function formatNames(names: readonly string[], limit = 3): string {
  const shown = names.slice(0, limit).join(', ');
  return names.length > limit ? `${shown} and ${whole.format(names.length - limit)} more` : shown;
}
