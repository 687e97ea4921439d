export { findExtension, writeExtension } from './extension.ts';
export { canShareFile, companionFileTracks, mainFileTracks } from './files.ts';
export { metadataTimescale, videoTimescale, writeInit, type InitTracks } from './init.ts';
export { writePart, type Part, type PartSample, type PartTrack } from './part.ts';
export { audioTracks, videoTrack } from './part-tracks.ts';
export { findPart, scanFile, type ByteSource, type ScannedFile } from './reader.ts';
