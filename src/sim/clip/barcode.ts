/**
 * The frame number as a barcode in the picture, so that a test can prove which frame it sees and when it was sent.
 *
 * Geometry, relative to the picture so that it survives scaling: the unit is 1/80 of the width (16 px at 1280, 8 px at 640).
 * Twenty blocks, each one unit wide and 1.5 units high, start one unit from the left edge and end one unit above the bottom edge,
 * inside a black margin of half a unit. From left to right:
 *
 *     start guard: white, black | 12 bits of frame number, high bit first | 4 bits CRC | end guard: black, white
 *
 * White is 1. The check is CRC-4 (x^4 + x + 1, initial value 1111), which finds every error burst of up to four blocks.
 */

/** Luma (0 to 255) of the picture at integer pixel coordinates; `x` grows to the right, `y` downwards. */
export type LumaGetter = (x: number, y: number) => number;

/** One rectangle of the barcode in pixels of the picture; fractions are possible at odd picture sizes. */
export interface BarcodeBlock {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly white: boolean;
}

const numberBits = 12;
const checkBits = 4;
const startGuard = [true, false];
const endGuard = [false, true];
const blockCount = startGuard.length + numberBits + checkBits + endGuard.length;
/** Samples along each side of a block; the grid covers the block's inner half. */
const samplesPerSide = 4;
/** Least difference between white and black, in luma steps, for a barcode to be believed. */
const minimumContrast = 48;

/** Largest frame number a barcode can carry. */
export const maximumBarcodeNumber = 2 ** numberBits - 1;

/** Blocks to paint for `frameNumber` (0 to 4095), the black margin first. Throws a RangeError outside that range. */
export function barcodeBlocks(
  frameNumber: number,
  pictureWidth: number,
  pictureHeight: number,
): BarcodeBlock[] {
  if (!Number.isInteger(frameNumber) || frameNumber < 0 || frameNumber > maximumBarcodeNumber) {
    throw new RangeError(`A barcode carries 0 to ${maximumBarcodeNumber}, not ${frameNumber}.`);
  }
  const unit = pictureWidth / 80;
  const top = pictureHeight - 2.5 * unit;
  const margin: BarcodeBlock = {
    x: unit / 2,
    y: top - unit / 2,
    width: (blockCount + 1) * unit,
    height: 2.5 * unit,
    white: false,
  };
  const word = (frameNumber << checkBits) | checkOf(frameNumber);
  const bits = Array.from({ length: numberBits + checkBits }, (_, index) =>
    Boolean((word >> (numberBits + checkBits - 1 - index)) & 1),
  );
  const blocks = [...startGuard, ...bits, ...endGuard].map((white, index) => ({
    x: unit * (1 + index),
    y: top,
    width: unit,
    height: 1.5 * unit,
    white,
  }));
  return [margin, ...blocks];
}

/**
 * Reads the frame number of a picture of `pictureWidth` x `pictureHeight` pixels. Undefined when there is no barcode, too
 * little contrast, or the check disagrees.
 */
export function readBarcode(
  luma: LumaGetter,
  pictureWidth: number,
  pictureHeight: number,
): number | undefined {
  const levels = Array.from({ length: blockCount }, (_, index) =>
    blockLevel(luma, index, { pictureWidth, pictureHeight }),
  );
  const guardLevels = [levels.slice(0, startGuard.length), levels.slice(-endGuard.length)].flat();
  const guardColours = [...startGuard, ...endGuard];
  const white = Math.min(...guardLevels.filter((_, index) => guardColours[index] === true));
  const black = Math.max(...guardLevels.filter((_, index) => guardColours[index] === false));
  if (white - black < minimumContrast) return undefined;

  const threshold = (white + black) / 2;
  const word = levels
    .slice(startGuard.length, -endGuard.length)
    .reduce((value, level) => (value << 1) | Number(level > threshold), 0);
  const frameNumber = word >> checkBits;
  return checkOf(frameNumber) === (word & (2 ** checkBits - 1)) ? frameNumber : undefined;
}

function blockLevel(
  luma: LumaGetter,
  blockIndex: number,
  picture: { readonly pictureWidth: number; readonly pictureHeight: number },
): number {
  const unit = picture.pictureWidth / 80;
  const left = unit * (1 + blockIndex);
  const top = picture.pictureHeight - 2.5 * unit;
  let sum = 0;
  for (let row = 0; row < samplesPerSide; row += 1) {
    for (let column = 0; column < samplesPerSide; column += 1) {
      const across = 0.25 + (0.5 * (column + 0.5)) / samplesPerSide;
      const down = 0.25 + (0.5 * (row + 0.5)) / samplesPerSide;
      sum += luma(Math.floor(left + across * unit), Math.floor(top + down * 1.5 * unit));
    }
  }
  return sum / samplesPerSide ** 2;
}

/** CRC-4 with polynomial x^4 + x + 1 (ITU-T G.704 §2.3.3.5), initial value 1111, over the twelve bits of the number. */
function checkOf(frameNumber: number): number {
  let register = 0b1111;
  for (let bit = numberBits - 1; bit >= 0; bit -= 1) {
    const feedback = ((frameNumber >> bit) & 1) ^ (register >> 3);
    register = ((register << 1) & 0b1111) ^ (feedback === 1 ? 0b0011 : 0);
  }
  return register;
}
