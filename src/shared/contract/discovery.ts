import { z } from 'zod';
import { CameraId } from '../engine-api/camera.ts';
import { Failure } from './failure.ts';
import { Nothing, mutation, query, subscription } from './procedure.ts';

/** An IPv4 or IPv6 address, or a host name. */
export const HostAddress = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9.:_-]*[A-Za-z0-9])?$|^::1?$/, 'an IP address or a host name');
export type HostAddress = z.infer<typeof HostAddress>;
export const Port = z.int().min(1).max(65535);

/** One network card's address that a probe can leave from. */
export const NetworkInterface = z.object({
  name: z.string(),
  address: HostAddress,
  /** CIDR of the network behind it. */
  network: z.string(),
  isLoopback: z.boolean(),
});
export type NetworkInterface = z.infer<typeof NetworkInterface>;

/** A stretch of addresses to look for SSH servers in; at most 1024 addresses. */
export const AddressRange = z.object({
  /** IPv4 CIDR, such as 192.168.1.0/24. */
  cidr: z
    .string()
    .regex(
      /^(\d{1,3}\.){3}\d{1,3}\/(2[2-9]|3[0-2])$/,
      'an IPv4 network of at most 1024 addresses, such as 192.168.1.0/24',
    ),
  port: Port,
});
export type AddressRange = z.infer<typeof AddressRange>;

/** Where discovery may send anything. Nothing leaves the machine before a person starts a scan. */
export const DiscoveryScope = z.object({
  /** Local addresses that WS-Discovery probes are sent from. */
  interfaces: z.array(HostAddress).max(16),
  nodeRanges: z.array(AddressRange).max(16),
});
export type DiscoveryScope = z.infer<typeof DiscoveryScope>;

/** ONVIF media profile, ONVIF Media Service Specification §5.2. */
export const CameraProfile = z.object({
  token: z.string().max(64),
  name: z.string().max(200),
  encoding: z.string().max(32),
  width: z.int().nonnegative(),
  height: z.int().nonnegative(),
  framesPerSecond: z.number().nonnegative().optional(),
  bitrateKbps: z.number().nonnegative().optional(),
  audioEncoding: z.string().max(32).optional(),
  /** RTSP address without credentials. */
  streamUri: z.string().max(2048),
});
export type CameraProfile = z.infer<typeof CameraProfile>;

/** What we may see of a discovered camera. */
export const CameraAccess = z.discriminatedUnion('kind', [
  /** Not asked yet. */
  z.object({ kind: z.literal('unknown') }),
  z.object({ kind: z.literal('asking') }),
  z.object({ kind: z.literal('needs-credentials') }),
  z.object({ kind: z.literal('refused'), username: z.string() }),
  z.object({ kind: z.literal('failed'), failure: Failure }),
  z.object({
    kind: z.literal('open'),
    profiles: z.array(CameraProfile).max(64),
    /** JPEG as a data: URL, at most 256 KiB. */
    thumbnail: z.string().startsWith('data:image/jpeg;base64,').max(400_000).optional(),
  }),
]);
export type CameraAccess = z.infer<typeof CameraAccess>;

export const DiscoveredCamera = z.object({
  kind: z.literal('camera'),
  /** WS-Discovery endpoint reference: the same after an address change. */
  id: z.string().max(256),
  name: z.string().max(200),
  address: HostAddress,
  port: Port,
  serviceUrl: z.string().max(2048),
  manufacturer: z.string().max(200).optional(),
  model: z.string().max(200).optional(),
  firmware: z.string().max(200).optional(),
  serialNumber: z.string().max(200).optional(),
  location: z.string().max(200).optional(),
  access: CameraAccess,
  /** Set when the site has it already. */
  cameraId: CameraId.optional(),
  lastSeenUtcMs: z.number(),
});
export type DiscoveredCamera = z.infer<typeof DiscoveredCamera>;

export const DiscoveredNode = z.object({
  kind: z.literal('node'),
  /** `ADDRESS:PORT`. */
  id: z.string().max(300),
  address: HostAddress,
  port: Port,
  /** SSH identification string, RFC 4253 §4.2. */
  banner: z.string().max(255),
  /** OpenSSH form, `SHA256:...`. */
  hostKeyFingerprint: z.string().max(100).optional(),
  nodeId: z.string().optional(),
  lastSeenUtcMs: z.number(),
});
export type DiscoveredNode = z.infer<typeof DiscoveredNode>;

export const DiscoveryState = z.object({
  phase: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('idle'), lastFinishedUtcMs: z.number().optional() }),
    z.object({
      kind: z.literal('scanning'),
      startedUtcMs: z.number(),
      addressesTried: z.int(),
      addressesTotal: z.int(),
    }),
    z.object({ kind: z.literal('failed'), failure: Failure }),
  ]),
  cameras: z.array(DiscoveredCamera),
  nodes: z.array(DiscoveredNode),
});
export type DiscoveryState = z.infer<typeof DiscoveryState>;

export const discoveryContract = {
  interfaces: query(Nothing, z.array(NetworkInterface)),
  scope: query(Nothing, DiscoveryScope),
  setScope: mutation(DiscoveryScope, Nothing),
  /** At most ten states a second. */
  watch: subscription(Nothing, DiscoveryState),
  start: mutation(Nothing, Nothing),
  stop: mutation(Nothing, Nothing),
  /** Asks the cameras for details, profiles and a thumbnail with these credentials (in memory only, until `inventory.addCameras`). */
  tryCredentials: mutation(
    z.object({
      deviceIds: z.array(z.string().max(256)).min(1).max(1000),
      username: z.string().max(256),
      password: z.string().max(256),
    }),
    Nothing,
  ),
} as const;
