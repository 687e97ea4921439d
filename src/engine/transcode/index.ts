/** What a system ffmpeg does for the engine, where there is one. */
export { toAnnexB } from './annex-b.ts';
export { findFfmpeg, runFfmpeg, startFfmpeg, collectComplaint } from './ffmpeg.ts';
export type { FfmpegOutcome, FfmpegProcess, FfmpegRun } from './ffmpeg.ts';
export { AacStream, type AacStreamLimits } from './aac-stream.ts';
