/** What the ONVIF services of a camera tell about it. */

import type { Clip } from '../clip/clip.ts';

export interface OnvifFacts {
  readonly name: string;
  readonly location: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly firmwareVersion: string;
  readonly serialNumber: string;
  readonly hardwareId: string;
  readonly clip: Clip;
  readonly deviceUrl: string;
  readonly mediaUrl: string;
  readonly snapshotUrl: string;
  readonly mainUrl: string;
  readonly subUrl: string;
}

/** Scopes for discovery and GetScopes (ONVIF Core §7.3.3): profiles, kind, name, hardware, location. */
export function scopesOf({ name, hardwareId, location }: OnvifFacts): string[] {
  return [
    scope('Profile', 'Streaming'),
    scope('type', 'video_encoder'),
    scope('type', 'Network_Video_Transmitter'),
    scope('name', name),
    scope('hardware', hardwareId),
    scope('location', location),
  ];
}

function scope(...parts: readonly string[]): string {
  return ['onvif://www.onvif.org', ...parts.map((part) => encodeURIComponent(part))].join('/');
}
