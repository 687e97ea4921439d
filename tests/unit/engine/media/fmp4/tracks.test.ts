import { describe, expect, it } from 'vitest';
import {
  canShareFile,
  companionFileTracks,
  mainFileTracks,
  scanFile,
  writeInit,
  writePart,
} from '../../../../../src/engine/media/fmp4/index.ts';
import type { InitTracks } from '../../../../../src/engine/media/fmp4/index.ts';
import { hevcDecoderConfiguration } from '../../../../../src/engine/media/h265.ts';
import type {
  AudioTrack,
  H265Track,
  MetadataTrack,
  StreamDescription,
} from '../../../../../src/engine/media/sample.ts';
import { syntheticDescription } from '../../recording/synthetic-stream.ts';
import { byteSource, hex, plain } from './byte-source.ts';

const h265: H265Track = {
  kind: 'video',
  codec: 'h265',
  vps: Buffer.from('QAEMAf//AWAAAAMAsAAAAwAAAwBarAwAAAMABAAAAwAyqA==', 'base64'),
  sps: Buffer.from('QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE=', 'base64'),
  pps: Buffer.from('RAHA8saNA7NA', 'base64'),
  width: 704,
  height: 480,
};
const opus: AudioTrack = { kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2, preSkip: 312 };
const mulaw: AudioTrack = { kind: 'audio', codec: 'pcmu', sampleRate: 8000, channels: 1 };
const alaw: AudioTrack = { kind: 'audio', codec: 'pcma', sampleRate: 16_000, channels: 2 };
const metadata: MetadataTrack = { kind: 'metadata', codec: 'onvif' };
const { video: h264, audio: aac } = syntheticDescription(true);

/** The one sample entry of a file, in hexadecimal digits. */
function sampleEntry(tracks: InitTracks): string {
  const init = Buffer.from(writeInit(tracks));
  const entry = init.indexOf('stsd') + 12;
  return hex(init.subarray(entry, entry + init.readUInt32BE(entry)));
}

describe('sample entries', () => {
  it('hvc1 has the size, and the configuration in hvcC', () => {
    const entry = sampleEntry({ video: h265 });
    expect(entry.slice(8, 16)).toBe(hex(Buffer.from('hvc1')));
    expect(entry.slice(64, 72)).toBe(plain('02c0 01e0'));
    expect(entry.slice(-2 * hevcDecoderConfiguration(h265).length)).toBe(hex(hevcDecoderConfiguration(h265)));
  });

  it('Opus has what to throw away at the start, big-endian', () => {
    expect(sampleEntry({ audio: opus })).toBe(
      plain(
        '00000037 4f707573 000000000000 0001 0000000000000000 0002 0010 0000 0000 bb800000 00000013 644f7073 00 02 0138 0000bb80 0000 00',
      ),
    );
  });

  it('G.711 has its rate and channels, and nothing else', () => {
    expect(sampleEntry({ audio: mulaw })).toBe(
      plain('00000024 756c6177 000000000000 0001 0000000000000000 0001 0010 0000 0000 1f400000'),
    );
    expect(sampleEntry({ audio: alaw })).toBe(
      plain('00000024 616c6177 000000000000 0001 0000000000000000 0002 0010 0000 0000 3e800000'),
    );
  });

  it('metx has the namespace of ONVIF', () => {
    const namespace = hex(Buffer.from('http://www.onvif.org/ver10/schema'));
    expect(sampleEntry({ metadata })).toBe(
      `${plain('00000034 6d657478 000000000000 0001')}00${namespace}0000`,
    );
  });
});

describe('any tracks make a file', () => {
  const subsets: readonly { readonly what: string; readonly tracks: InitTracks }[] = [
    { what: 'H.265 and Opus', tracks: { video: h265, audio: opus } },
    { what: 'video alone', tracks: { video: h264 } },
    { what: 'G.711 alone', tracks: { audio: mulaw } },
    { what: 'metadata alone', tracks: { metadata } },
    { what: 'all of them', tracks: { video: h264, audio: opus, metadata } },
  ];

  it.each(subsets)('$what is read back', async ({ tracks }) => {
    const kinds = (['video', 'audio', 'metadata'] as const).filter((kind) => tracks[kind] !== undefined);
    const part = writePart(
      1,
      kinds.map((track) => ({
        track,
        baseDecodeTime: 5,
        samples: [{ data: Buffer.from(track), duration: 7, compositionOffset: 0, isSync: true }],
      })),
    );
    const timescales = { video: 90_000, audio: tracks.audio?.sampleRate, metadata: 90_000 };
    const trackIds = { video: 1, audio: 2, metadata: 3 };

    const scanned = await scanFile(byteSource(Buffer.concat([writeInit(tracks), ...part.chunks])));
    expect(scanned).not.toHaveProperty('damage');
    expect(scanned.tracks).toEqual(
      kinds.map((kind) => ({ trackId: trackIds[kind], kind, timescale: timescales[kind] })),
    );
    expect(scanned.parts.map(({ tracks: parts }) => parts)).toEqual([
      kinds.map((kind) => ({
        trackId: trackIds[kind],
        baseDecodeTime: 5,
        duration: 7,
        sampleCount: 1,
        startsWithSync: true,
      })),
    ]);
  });

  it('no track makes none', () => {
    expect(() => writeInit({})).toThrow('A file has at least one track.');
  });
});

describe('which file a track goes into', () => {
  it('AAC and Opus go with the video, G.711 and metadata have files of their own', () => {
    if (aac === undefined) throw new Error('The synthetic stream has sound.');
    expect([aac, opus, mulaw, alaw].map(canShareFile)).toEqual([true, true, false, false]);

    const withOpus: StreamDescription = { generation: 1, video: h265, audio: opus, metadata };
    expect(mainFileTracks(withOpus)).toEqual({ video: h265, audio: opus });
    expect(companionFileTracks(withOpus)).toEqual([{ metadata }]);

    const withMulaw: StreamDescription = { generation: 1, video: h264, audio: mulaw, metadata };
    expect(mainFileTracks(withMulaw)).toEqual({ video: h264 });
    expect(companionFileTracks(withMulaw)).toEqual([{ audio: mulaw }, { metadata }]);

    const silent: StreamDescription = { generation: 1, video: h264 };
    expect(mainFileTracks(silent)).toEqual({ video: h264 });
    expect(companionFileTracks(silent)).toEqual([]);
  });
});
