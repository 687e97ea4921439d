export { findExtension, writeExtension } from './extension.ts';
export { writeInit, videoTimescale, type InitTracks } from './init.ts';
export { writePart, type Part, type PartSample, type PartTrack } from './part.ts';
export { scanFile, type ByteSource, type ScannedFile } from './reader.ts';
