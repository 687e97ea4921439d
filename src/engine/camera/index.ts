export { createCameraSet, type CameraSet, type LiveStatus } from './camera-set.ts';
export type { StreamDirectory } from './stream-directory.ts';
