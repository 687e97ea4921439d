/** Damages bytes the way networks, firmware and attackers do. `random` yields numbers in [0, 1). */
export function damaged(bytes: Buffer, random: () => number): Buffer {
  let result = Buffer.from(bytes);
  const below = (limit: number): number => Math.floor(random() * limit);
  const times = 1 + below(4);
  for (let time = 0; time < times; time += 1) {
    const at = below(result.length + 1);
    const length = below(Math.min(64, result.length - at + 1));
    switch (below(6)) {
      case 0:
        if (at < result.length) result[at] = (result[at] ?? 0) ^ (1 << below(8));
        break;
      case 1:
        result = result.subarray(0, at);
        break;
      case 2:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + length)]);
        break;
      case 3:
        result = Buffer.concat([result.subarray(0, at + length), result.subarray(at)]);
        break;
      case 4: {
        const noise = Buffer.from(Array.from({ length: below(40) }, () => below(256)));
        result = Buffer.concat([result.subarray(0, at), noise, result.subarray(at)]);
        break;
      }
      default:
        result = Buffer.from(result);
        result.fill([0x00, 0xff, 0x24, 0x0a][below(4)] ?? 0, at, at + length);
    }
  }
  return Buffer.from(result);
}

/** Cuts bytes into pieces, small ones often. */
export function cut(bytes: Buffer, random: () => number): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = 1 + Math.floor(random() ** 3 * 400);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
