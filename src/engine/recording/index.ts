export {
  createRecorder,
  defaultRecorderLimits,
  type Recorder,
  type RecorderLimits,
  type RecorderOptions,
  type RecorderStatus,
} from './recorder.ts';
