export { createCameraSet } from './camera-set.ts';
