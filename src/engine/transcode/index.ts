/** What a system ffmpeg does for the engine, where there is one. */
export { toAnnexB } from './annex-b.ts';
export { findFfmpeg, runFfmpeg, type FfmpegOutcome } from './ffmpeg.ts';
export { AacStream, type AacStreamLimits } from './aac-stream.ts';
export { SoundConversions, type ConversionTotals } from './sound-conversions.ts';
