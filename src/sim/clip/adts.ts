/** AAC in ADTS frames (ISO/IEC 13818-7 §6.2), the form of the clips' audio files. */

import type { AacTrack } from './sound.ts';

/** Samples of one channel in one AAC-LC access unit. */
const samplesPerUnit = 1024;

const sampleRatesHz = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
];

/** Parses a whole ADTS file. Throws an Error that names the byte where the file is not ADTS. */
export function parseAdts(file: Buffer): AacTrack {
  const accessUnits: Buffer[] = [];
  let rateIndex = 0;
  let channels = 0;
  let objectType = 0;
  let position = 0;
  while (position < file.length) {
    if (position + 7 > file.length || (file.readUInt16BE(position) & 0xfff6) !== 0xfff0) {
      throw new Error(`No ADTS sync word at byte ${position}.`);
    }
    const hasCheck = (file.readUInt8(position + 1) & 1) === 0;
    const third = file.readUInt8(position + 2);
    const fourth = file.readUInt8(position + 3);
    objectType = (third >> 6) + 1;
    rateIndex = (third >> 2) & 0xf;
    channels = ((third & 1) << 2) | (fourth >> 6);
    const frameLength = ((fourth & 3) << 11) | (file.readUInt16BE(position + 4) >> 5);
    const headerLength = hasCheck ? 9 : 7;
    if (frameLength <= headerLength || position + frameLength > file.length) {
      throw new Error(`The ADTS frame at byte ${position} has the impossible length ${frameLength}.`);
    }
    accessUnits.push(file.subarray(position + headerLength, position + frameLength));
    position += frameLength;
  }
  const sampleRateHz = sampleRatesHz[rateIndex];
  if (sampleRateHz === undefined || accessUnits.length === 0) throw new Error('The ADTS file has no audio.');
  const config = Buffer.alloc(2);
  config.writeUInt16BE((objectType << 11) | (rateIndex << 7) | (channels << 3));
  return { codec: 'aac', sampleRateHz, channels, samplesPerUnit, config, accessUnits };
}
