/** What a simulated camera says it is. Vendors are fictional; everything else follows from seed and index. */

import { createHash } from 'node:crypto';

export interface CameraIdentity {
  readonly name: string;
  readonly location: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly firmwareVersion: string;
  readonly serialNumber: string;
  readonly hardwareId: string;
  /** Endpoint reference for WS-Discovery, stable over restarts and address changes. */
  readonly endpointUuid: string;
}

export interface IdentityOptions {
  readonly name: string;
  readonly location: string;
  readonly seed: number;
  /** Position of the camera on the site, from 0. */
  readonly index: number;
}

const products = [
  { manufacturer: 'Norvik', model: 'NV-D4210', firmwareVersion: '3.8.2' },
  { manufacturer: 'Halden Optics', model: 'HO-Dome 320', firmwareVersion: 'V5.5.21 build 240118' },
  { manufacturer: 'Tessera', model: 'TS-B20-IR', firmwareVersion: '11.2.60' },
  { manufacturer: 'Kestrel Vision', model: 'KV-Turret 2', firmwareVersion: '2.14.0.r7' },
] as const;

export function createIdentity({ name, location, seed, index }: IdentityOptions): CameraIdentity {
  const digest = createHash('sha256').update(`belvedere camera ${seed} ${index}`).digest();
  const product = products[digest.readUInt8(31) % products.length] ?? products[0];
  return {
    name,
    location,
    ...product,
    serialNumber: `${product.model.replaceAll(/[^A-Z0-9]/g, '')}${digest.toString('hex', 16, 20).toUpperCase()}`,
    hardwareId: `${product.model}-R${1 + (digest.readUInt8(30) % 3)}`,
    endpointUuid: uuidFrom(digest),
  };
}

/** A version 8 UUID (RFC 9562 §5.8) from the first 16 bytes. */
function uuidFrom(digest: Buffer): string {
  const bytes = Buffer.from(digest.subarray(0, 16));
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
