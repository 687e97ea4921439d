/** Damages bytes the way networks, firmware and attackers do. `random` yields numbers in [0, 1). */
export type Random = () => number;

export function below(limit: number, random: Random): number {
  return Math.floor(random() * limit);
}

export function pick<Item>(items: readonly Item[], random: Random): Item {
  const item = items[below(items.length, random)];
  if (item === undefined) throw new Error('There is nothing to pick from.');
  return item;
}

const LARGEST_NOISE_BYTES = 40;
const FILLERS = [0x00, 0xff, 0x24, 0x0a];
/** Lengths and counts at their limits. */
const EDGE_NUMBERS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** One to four wounds. */
export function damaged(bytes: Buffer, random: Random): Buffer {
  let result: Buffer = Buffer.from(bytes);
  const times = 1 + below(4, random);
  for (let time = 0; time < times; time += 1) result = wounded(result, random);
  return result;
}

function wounded(bytes: Buffer, random: Random): Buffer {
  const at = below(bytes.length + 1, random);
  const length = below(Math.min(64, bytes.length - at + 1), random);
  switch (below(7, random)) {
    case 0:
      return flipped(bytes, at, random);
    case 1:
      return Buffer.from(bytes.subarray(0, at));
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), noise(LARGEST_NOISE_BYTES, random), bytes.subarray(at)]);
    case 5:
      return withEdgeNumber(bytes, at, random);
    default:
      return Buffer.from(bytes).fill(pick(FILLERS, random), at, at + length);
  }
}

function flipped(bytes: Buffer, at: number, random: Random): Buffer {
  const result = Buffer.from(bytes);
  if (at < result.length) result[at] = (result[at] ?? 0) ^ (1 << below(8, random));
  return result;
}

function withEdgeNumber(bytes: Buffer, at: number, random: Random): Buffer {
  const result = Buffer.from(bytes);
  const width = pick([1, 2, 4], random);
  if (at + width <= result.length) {
    result.writeUIntBE(pick(EDGE_NUMBERS, random) % 2 ** (8 * width), at, width);
  }
  return result;
}

/** Up to so many bytes that mean nothing. */
export function noise(largestBytes: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length: below(largestBytes, random) }, () => below(256, random)));
}

/** Cuts bytes into pieces, small ones often. */
export function cut(bytes: Buffer, random: Random): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = 1 + Math.floor(random() ** 3 * 400);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** Loses, doubles, moves and damages packets. */
export function shuffled(packets: readonly Buffer[], random: Random): readonly Buffer[] {
  const result = [...packets];
  const times = 1 + below(6, random);
  for (let time = 0; time < times && result.length > 0; time += 1) {
    const at = below(result.length, random);
    const [packet = Buffer.alloc(0)] = result.splice(at, 1);
    switch (below(5, random)) {
      case 0:
        break;
      case 1:
        result.splice(at, 0, packet, packet);
        break;
      case 2:
        result.splice(below(result.length + 1, random), 0, packet);
        break;
      case 3:
        result.splice(at, 0, noise(100, random));
        break;
      default:
        result.splice(at, 0, damaged(packet, random));
    }
  }
  return result;
}
