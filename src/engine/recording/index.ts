export { GapKeeper, type GapTracker, type StoppedBy } from './gap-tracker.ts';
export { createRecorder, type Recorder, type RecorderLimits } from './recorder.ts';
