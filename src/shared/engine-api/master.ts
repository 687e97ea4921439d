import { z } from 'zod';
import { CameraId } from './camera.ts';
import { BearerToken, CertificatePin } from './enrolment.ts';

/** Identifies an engine that a master relays from. */
export const SlaveId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes');
export type SlaveId = z.infer<typeof SlaveId>;

/** `rec-1.example:8443`, `10.0.0.7:8443` or `[fd00::7]:8443`. */
export const EngineAddress = z
  .string()
  .max(262)
  .regex(
    /^([A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]):([1-9]\d{0,4})$/,
    'a host and a port, such as 10.0.0.7:8443',
  )
  .refine((address) => Number(address.slice(address.lastIndexOf(':') + 1)) <= 65_535, 'a port up to 65535');

const SlaveSettings = z.object({
  id: SlaveId,
  address: EngineAddress,
  /** As the slave's enrolment gives it. */
  certificatePin: CertificatePin,
  /** Of the token: `peer`, or `view` where the slave gave no more. */
  scope: z.enum(['peer', 'view']),
});

/** A camera of a slave that the master serves as its own; it has the same id on both. */
export const RelayedCamera = z.object({
  id: CameraId,
  name: z.string().min(1).max(200),
  slaveId: SlaveId,
  /** Whether the slave has a second stream of it. */
  hasSub: z.boolean().default(true),
  /** The slave records it; a second recording on the master is the exception. */
  record: z.boolean().default(false),
});
export type RelayedCamera = z.infer<typeof RelayedCamera>;

interface Relations {
  readonly slaves: readonly { readonly id: string }[];
  readonly cameras: readonly { readonly id: string; readonly slaveId: string }[];
}

const hasUniqueIds = (items: readonly { readonly id: string }[]): boolean =>
  new Set(items.map(({ id }) => id)).size === items.length;

const hasAllSlaves = ({ slaves, cameras }: Relations): boolean => {
  const known = new Set(slaves.map(({ id }) => id));
  return cameras.every(({ slaveId }) => known.has(slaveId));
};

const RelayedCameras = z
  .array(RelayedCamera)
  .max(1_000)
  .refine(hasUniqueIds, 'ids of relayed cameras must be unique');

/** The section `master` of an update: whose cameras this engine serves at its own address. Replaces the whole section. */
export const MasterUpdate = z
  .strictObject({
    slaves: z
      .array(
        SlaveSettings.extend({
          /**
           * Kept in the node's sealed store and never returned; absent: the slave keeps the one it has; null: it is
           * removed, and the slave's cameras wait for another.
           */
          token: BearerToken.nullable().optional(),
        }).strict(),
      )
      .max(64)
      .refine(hasUniqueIds, 'ids of slaves must be unique'),
    cameras: RelayedCameras,
  })
  .refine(hasAllSlaves, "every relayed camera's slaveId must be one of the slaves");
export type MasterUpdate = z.infer<typeof MasterUpdate>;

/** The section as the node keeps it, without secrets. */
export const MasterSection = z.object({ slaves: z.array(SlaveSettings).max(64), cameras: RelayedCameras });
export type MasterSection = z.infer<typeof MasterSection>;

export const MasterView = z.object({
  slaves: z.array(SlaveSettings.extend({ hasToken: z.boolean() })),
  cameras: z.array(RelayedCamera),
});
export type MasterView = z.infer<typeof MasterView>;

/** A slave as the engine works with it; without a token it cannot be asked. */
export interface Slave extends z.infer<typeof SlaveSettings> {
  readonly token?: string;
}

export interface MasterConfig {
  readonly slaves: readonly Slave[];
  readonly cameras: readonly RelayedCamera[];
}
