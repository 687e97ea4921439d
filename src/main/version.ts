import packageJson from '../../package.json' with { type: 'json' };

/** This Belvedere's version, from package.json. */
export const version: string = packageJson.version;
