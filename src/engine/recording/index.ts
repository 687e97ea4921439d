export { createRecorder, type Recorder, type RecorderLimits } from './recorder.ts';
