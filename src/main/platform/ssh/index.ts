export type * from './ports.ts';
export { quote, shellCommand, shellScript } from './shell.ts';
export { createSsh } from './ssh.ts';
export type { SshTimeouts } from './ssh.ts';
