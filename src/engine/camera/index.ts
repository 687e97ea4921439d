export { createCameraSet } from './camera-set.ts';
export type { CameraSet } from './camera-set.ts';
