/** What a camera's servers do with their clients: serve them, keep silent on open connections, or answer nonsense. */
export type ServiceMode = 'normal' | 'stalled' | 'garbage';
