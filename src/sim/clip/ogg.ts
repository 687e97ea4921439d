/** Opus packets out of an Ogg file (RFC 3533 §6, RFC 7845). Only what the clips of this project need: one stream. */

const headerLength = 27;

/** All packets behind the two headers. Throws an Error that names the byte where the file is not Ogg. */
export function parseOggOpus(file: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  let unfinished: Buffer[] = [];
  let position = 0;
  while (position < file.length) {
    if (file.toString('latin1', position, position + 4) !== 'OggS') {
      throw new Error(`No Ogg page at byte ${position}.`);
    }
    const segmentCount = file.readUInt8(position + 26);
    const lengths = file.subarray(position + headerLength, position + headerLength + segmentCount);
    position += headerLength + segmentCount;
    for (const length of lengths) {
      unfinished.push(file.subarray(position, position + length));
      position += length;
      // A packet goes on as long as its segments are full.
      if (length === 255) continue;
      packets.push(Buffer.concat(unfinished));
      unfinished = [];
    }
  }
  const [identification, comments, ...sound] = packets;
  if (
    identification?.toString('latin1', 0, 8) !== 'OpusHead' ||
    comments === undefined ||
    sound.length === 0
  ) {
    throw new Error('The Ogg file has no Opus sound.');
  }
  return sound;
}
