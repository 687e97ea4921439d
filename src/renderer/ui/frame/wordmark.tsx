/** The mark: a lookout's window with the horizon in it. */
export function Mark({ size = 24 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden focusable="false">
      <rect x="1" y="1" width="22" height="22" rx="6" fill="#1d6bd6" />
      <path
        d="M6 18.5V11a6 6 0 0 1 12 0v7.5"
        fill="none"
        stroke="#fff"
        strokeWidth="1.9"
        strokeLinecap="round"
      />
      <path d="M4.5 18.5h15" stroke="#fff" strokeWidth="1.9" strokeLinecap="round" />
      <circle cx="12" cy="11.6" r="2.1" fill="#fff" />
    </svg>
  );
}

export function Wordmark() {
  return (
    <span className="wordmark">
      <Mark />
      <span className="wordmark__name">Belvedere</span>
    </span>
  );
}
