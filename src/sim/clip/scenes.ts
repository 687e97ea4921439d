/** The scenes of the clips in `resources/clips`: twelve views of one industrial site. */

export interface Scene {
  /** File name of the clip, without stream and extension. */
  readonly id: string;
  /** Name painted into the picture, and the camera's name. */
  readonly title: string;
  /** ONVIF location scope, a place on the site. */
  readonly location: string;
  readonly hasAudio: boolean;
}

export const scenes: readonly Scene[] = [
  { id: 'loading-dock', title: 'Loading dock', location: 'yard', hasAudio: true },
  { id: 'main-gate', title: 'Main gate', location: 'perimeter', hasAudio: false },
  { id: 'corridor', title: 'Corridor', location: 'office', hasAudio: false },
  { id: 'server-room', title: 'Server room', location: 'office', hasAudio: true },
  { id: 'car-park', title: 'Car park', location: 'yard', hasAudio: false },
  { id: 'workshop', title: 'Workshop', location: 'production', hasAudio: true },
  { id: 'warehouse-aisle', title: 'Warehouse aisle', location: 'storage', hasAudio: false },
  { id: 'canteen', title: 'Canteen', location: 'office', hasAudio: false },
  { id: 'roof', title: 'Roof', location: 'building', hasAudio: false },
  { id: 'pump-room', title: 'Pump room', location: 'building', hasAudio: true },
  { id: 'reception', title: 'Reception', location: 'office', hasAudio: false },
  { id: 'fence-north', title: 'Fence north', location: 'perimeter', hasAudio: false },
];

/** Properties that all clips share; `scripts/make-clips.mjs` encodes them so and the loader checks it. */
export const clipFormat = {
  framesPerSecond: 15,
  framesPerGroup: 30,
  frameCount: 300,
  main: { width: 1280, height: 720 },
  sub: { width: 640, height: 360 },
} as const;
