import { z } from 'zod';
import { CameraId, RtspUrl } from '../engine-api/camera.ts';
import { CameraProfile, HostAddress, Port } from './discovery.ts';
import { Nothing, mutation, query, subscription } from './procedure.ts';

export const NodeId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);
export type NodeId = z.infer<typeof NodeId>;

/** A camera of the site. Passwords are in the vault and never travel to the page. */
export const Camera = z.object({
  id: CameraId,
  name: z.string().min(1).max(200),
  address: HostAddress,
  manufacturer: z.string().max(200).optional(),
  model: z.string().max(200).optional(),
  serialNumber: z.string().max(200).optional(),
  endpointReference: z.string().max(256).optional(),
  username: z.string().max(256).optional(),
  profiles: z.array(CameraProfile).max(64),
  mainUri: RtspUrl,
  subUri: RtspUrl.optional(),
  /** The node that records it. */
  nodeId: NodeId.optional(),
  addedUtcMs: z.number(),
});
export type Camera = z.infer<typeof Camera>;

/** Whether the engine is on a node. How it does right now is in `fleet`. */
export const NodeEngine = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({
    kind: z.literal('deployed'),
    version: z.string(),
    host: z.enum(['systemd', 'supervised']),
    port: Port,
    deployedUtcMs: z.number(),
  }),
]);
export type NodeEngine = z.infer<typeof NodeEngine>;

export const SiteNode = z.object({
  id: NodeId,
  name: z.string().min(1).max(100),
  /** Management address: SSH and the engine's API. */
  address: HostAddress,
  port: Port,
  username: z.string().max(64),
  authentication: z.enum(['password', 'key']),
  /** Pinned at enrolment, `SHA256:...`. */
  hostKeyFingerprint: z.string().max(100),
  engine: NodeEngine,
  addedUtcMs: z.number(),
});
export type SiteNode = z.infer<typeof SiteNode>;

export const InventoryEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('snapshot'), cameras: z.array(Camera), nodes: z.array(SiteNode) }),
  /** Added or changed. */
  z.object({ kind: z.literal('cameras'), cameras: z.array(Camera) }),
  z.object({ kind: z.literal('cameras-removed'), ids: z.array(CameraId) }),
  z.object({ kind: z.literal('nodes'), nodes: z.array(SiteNode) }),
  z.object({ kind: z.literal('nodes-removed'), ids: z.array(NodeId) }),
]);
export type InventoryEvent = z.infer<typeof InventoryEvent>;

export const NodeAuthentication = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('password'), password: z.string().max(1024) }),
  z.object({
    kind: z.literal('key'),
    privateKey: z.string().max(16_384),
    passphrase: z.string().max(1024).optional(),
  }),
]);
export type NodeAuthentication = z.infer<typeof NodeAuthentication>;

export const inventoryContract = {
  watch: subscription(Nothing, InventoryEvent),
  /** Adds discovered cameras with the credentials that fitted them; fails as a whole with `conflict` or `credentials-refused`. */
  addCameras: mutation(
    z.object({ deviceIds: z.array(z.string().max(256)).min(1).max(1000) }),
    z.object({ cameraIds: z.array(CameraId) }),
  ),
  renameCamera: mutation(z.object({ cameraId: CameraId, name: z.string().trim().min(1).max(200) }), Nothing),
  /** Asks the camera first; fails with `credentials-refused` and keeps the old ones. */
  changeCameraCredentials: mutation(
    z.object({ cameraId: CameraId, username: z.string().max(256), password: z.string().max(256) }),
    Nothing,
  ),
  removeCameras: mutation(z.object({ cameraIds: z.array(CameraId).min(1).max(1000) }), Nothing),
  /**
   * Says which node records these cameras; none takes them off. The assignment is stored at once and brought to the nodes'
   * engines in the background; `fleet` shows when they have it.
   */
  assign: mutation(
    z.object({ cameraIds: z.array(CameraId).min(1).max(1000), nodeId: NodeId.optional() }),
    Nothing,
  ),
  /** Connects only as far as the key exchange, to show the host key before anything is trusted. */
  readHostKey: query(
    z.object({ address: HostAddress, port: Port }),
    z.object({ fingerprint: z.string(), algorithm: z.string(), banner: z.string() }),
  ),
  /** Signs in and pins `hostKeyFingerprint`; fails with `host-key-changed` when the server now shows another. */
  addNode: mutation(
    z.object({
      name: z.string().trim().min(1).max(100),
      address: HostAddress,
      port: Port,
      username: z.string().min(1).max(64),
      authentication: NodeAuthentication,
      hostKeyFingerprint: z.string().max(100),
    }),
    z.object({ nodeId: NodeId }),
  ),
  /** Fails with `conflict` while cameras are assigned to it. The engine on it is left as it is. */
  removeNode: mutation(z.object({ nodeId: NodeId }), Nothing),
} as const;
