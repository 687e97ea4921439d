export { createCameraSet, type CameraSet, type LiveStatus, type LiveTarget } from './camera-set.ts';
export type { StreamDirectory } from './stream-directory.ts';
