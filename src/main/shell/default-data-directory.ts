import { join } from 'node:path';

/** Where a site's data lies when nobody says otherwise; the same in both shells. */
export function defaultDataDirectory(machine: {
  readonly platform: NodeJS.Platform;
  readonly homeDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): string {
  const { platform, homeDirectory, environment } = machine;
  if (platform === 'win32')
    return join(environment['LOCALAPPDATA'] ?? join(homeDirectory, 'AppData', 'Local'), 'Belvedere', 'site');
  if (platform === 'darwin')
    return join(homeDirectory, 'Library', 'Application Support', 'Belvedere', 'site');
  // XDG Base Directory Specification: an empty or relative value counts as unset.
  const dataHome = environment['XDG_DATA_HOME'];
  const base = dataHome?.startsWith('/') ? dataHome : join(homeDirectory, '.local', 'share');
  return join(base, 'belvedere', 'site');
}
