import { z } from 'zod';

/** Whom an engine serves unless told: RFC 1918, RFC 4193, loopback and link-local. */
export const privateNetworks = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '127.0.0.0/8',
  'fc00::/7',
  'fe80::/10',
  '::1/128',
] as const;

/** IANA's registrations are 554 and 1935; 8554 is what RTSP servers use that do not run as root. */
export const defaultServePorts = { rtsp: 8554, rtmp: 1935 } as const;

/** Enough for about 200 sub streams of 0.7 Mbit/s, or 30 main streams of 4 Mbit/s. */
export const defaultHlsMemoryMebibytes = 256;

const Port = z.int().min(1).max(65_535);
/** An address of the node; absent: the one that the engine's own API listens at. */
const ListenHost = z.union([z.ipv4(), z.ipv6()]);

/** The name of a play account. */
export const AccountName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/, 'letters, digits, dots, dashes, underscores and at signs');
export type AccountName = z.infer<typeof AccountName>;

export const AccountPassword = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\p{Cc}]*$/u, 'no control characters');

/** Everything of the section but the accounts. What is left out has the default, not what it had before. */
const ServeSettings = z.object({
  /** `rtsp://NODE:PORT/CAMERA/main|sub`, over TCP. */
  rtsp: z
    .object({
      enabled: z.boolean(),
      port: Port.default(defaultServePorts.rtsp),
      host: ListenHost.optional(),
    })
    .default({ enabled: false, port: defaultServePorts.rtsp }),
  /** Cameras that push, and players. */
  rtmp: z
    .object({
      enabled: z.boolean(),
      port: Port.default(defaultServePorts.rtmp),
      host: ListenHost.optional(),
    })
    .default({ enabled: false, port: defaultServePorts.rtmp }),
  /** On the port of the API. */
  hls: z
    .object({
      enabled: z.boolean(),
      /** For the segments of all streams together, in MiB. Absent: `defaultHlsMemoryMebibytes`. */
      memoryMebibytes: z.int().min(32).max(16_384).optional(),
    })
    .default({ enabled: false }),
  /**
   * Who may connect to the RTSP and RTMP ports at all, in CIDR notation: these protocols carry video unencrypted. The API's
   * own port, which HLS uses too, is encrypted and wants a token, and is not limited by this.
   */
  allowedNetworks: z
    .array(z.union([z.cidrv4(), z.cidrv6()]))
    .max(64)
    .default([...privateNetworks]),
  /** Bounds on players over RTSP, and over RTMP, each counted by itself. */
  limits: z
    .object({
      players: z.int().min(1).max(1_000),
      playersPerAddress: z.int().min(1).max(1_000),
    })
    .default({ players: 128, playersPerAddress: 32 }),
});

const unlike = (accounts: readonly { readonly username: string }[]): boolean =>
  new Set(accounts.map(({ username }) => username)).size === accounts.length;

/** The section `serve` of an update: how an engine serves its cameras to players. Replaces the whole section. */
export const ServeUpdate = ServeSettings.extend({
  /**
   * Who may play. A password is kept in the node's sealed store and never returned; absent: the account keeps the one it
   * has; null: it loses it. An account without a password cannot be used.
   */
  accounts: z
    .array(z.strictObject({ username: AccountName, password: AccountPassword.nullable().optional() }))
    .max(64)
    .refine(unlike, 'account names must be unique')
    .default([]),
}).strict();
export type ServeUpdate = z.infer<typeof ServeUpdate>;

/** The section as the node keeps it, without secrets. */
export const ServeSection = ServeSettings.extend({
  accounts: z.array(z.object({ username: AccountName })).max(64),
});
export type ServeSection = z.infer<typeof ServeSection>;

export const ServeView = ServeSettings.extend({
  accounts: z.array(z.object({ username: AccountName, hasPassword: z.boolean() })),
});
export type ServeView = z.infer<typeof ServeView>;

export interface PlayAccount {
  readonly username: string;
  readonly password: string;
}

/** The section as the engine works with it: with the accounts that can be used. */
export interface ServeConfig extends z.infer<typeof ServeSettings> {
  readonly accounts: readonly PlayAccount[];
}

/** How a port that an engine was told to listen at stands. */
export const ListenerState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('off') }),
  z.object({ kind: z.literal('listening'), host: z.string(), port: z.int(), sinceUtcMs: z.number() }),
  z.object({
    kind: z.literal('waiting'),
    reason: z.enum(['port-in-use', 'address-unusable']),
    detail: z.string(),
    sinceUtcMs: z.number(),
    retryAtUtcMs: z.number(),
  }),
]);
export type ListenerState = z.infer<typeof ListenerState>;

/** How the players of one protocol fare; counts are since the engine's start. */
export const PlayersStatus = z.object({
  listener: ListenerState,
  /** Connections now, and those of them that play. */
  connections: z.int().nonnegative(),
  playing: z.int().nonnegative(),
  sentBytes: z.int().nonnegative(),
  /** Pictures that players missed because they were slow. */
  framesDropped: z.int().nonnegative(),
  closedAsTooSlow: z.int().nonnegative(),
  /** Connections not taken: from elsewhere than the allowed networks, and beyond the limits. */
  refusedNetwork: z.int().nonnegative(),
  refusedLimit: z.int().nonnegative(),
  /** Wrong passwords. */
  unauthorized: z.int().nonnegative(),
});
export type PlayersStatus = z.infer<typeof PlayersStatus>;

/** The same for RTMP, whose port cameras push to as well. */
export const RtmpStatus = PlayersStatus.omit({ framesDropped: true }).extend({
  /** Cameras that push now. */
  publishing: z.int().nonnegative(),
  /** How often a camera's new connection replaced one that was still there. */
  takeovers: z.int().nonnegative(),
  /** Pushes with a wrong name or key. */
  wrongKeys: z.int().nonnegative(),
});
export type RtmpStatus = z.infer<typeof RtmpStatus>;

/** How an engine serves others. */
export const ServeStatus = z.object({ rtsp: PlayersStatus, rtmp: RtmpStatus });
export type ServeStatus = z.infer<typeof ServeStatus>;
