import { z } from 'zod';
import { DiscoveryScope, Failure, Passphrase, Site } from '../shared/contract/index.ts';

/** What a caller may hand a shell on its standard input (`--settings-stdin`, one JSON line): secrets, and what a demo needs. */
export const ShellSettings = z.object({
  /** Makes or unlocks the vault at the start; the keyring is left alone then. */
  passphrase: Passphrase.optional(),
  demo: Site.shape.demo,
  /** What discovery looks at until a person says otherwise. */
  discoveryScope: DiscoveryScope.optional(),
});
export type ShellSettings = z.infer<typeof ShellSettings>;

/** Where the parts of the program lie; all absolute. */
export const ProgramFolders = z.object({
  /** The built page. */
  pageDirectory: z.string().min(1),
  /** The engine bundles that this desk can install. */
  bundlesDirectory: z.string().min(1),
  /** The OpenSSH public key that bundles must be signed with. */
  trustedKeyPath: z.string().min(1),
  /** What the desk puts on nodes besides the engine. */
  nodeFilesDirectory: z.string().min(1),
});
export type ProgramFolders = z.infer<typeof ProgramFolders>;

/** What a shell tells the desk it starts. It travels through a pipe, so that no secret of it is in argv or the environment. */
export const DeskOptions = z.object({
  /** Absolute. */
  dataDirectory: z.string().min(1),
  /** 0 chooses a free one. */
  port: z.int().min(0).max(65535),
  shell: Site.shape.shell,
  version: z.string(),
  ...ProgramFolders.shape,
  ...ShellSettings.shape,
});
export type DeskOptions = z.infer<typeof DeskOptions>;

/** Shell to desk. `start` is the first and comes once. */
export const DeskRequest = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start'), options: DeskOptions }),
  /** A session code for another window. */
  z.object({ kind: z.literal('issue-code') }),
  z.object({ kind: z.literal('stop') }),
]);
export type DeskRequest = z.infer<typeof DeskRequest>;

/** Desk to shell. */
export const DeskAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('listening'), port: z.int(), code: z.string() }),
  z.object({ kind: z.literal('code'), code: z.string() }),
  /** The desk could not start, and ends. */
  z.object({ kind: z.literal('failed'), failure: Failure }),
]);
export type DeskAnswer = z.infer<typeof DeskAnswer>;
