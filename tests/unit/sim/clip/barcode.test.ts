import { describe, expect, it } from 'vitest';

import {
  barcodeBlocks,
  maximumBarcodeNumber,
  readBarcode,
  type LumaGetter,
} from '../../../../src/sim/clip/barcode.ts';

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** A grey picture with the barcode in it, in video levels. */
function paint(frameNumber: number, width: number, height: number): Picture {
  const pixels = new Uint8Array(width * height).fill(128);
  for (const block of barcodeBlocks(frameNumber, width, height)) {
    for (let y = Math.round(block.y); y < Math.round(block.y + block.height); y += 1) {
      pixels.fill(
        block.white ? 235 : 16,
        y * width + Math.round(block.x),
        y * width + Math.round(block.x + block.width),
      );
    }
  }
  return { width, height, pixels };
}

function lumaOf({ width, pixels }: Picture): LumaGetter {
  return (x, y) => pixels[y * width + x] ?? 0;
}

function read(picture: Picture): number | undefined {
  return readBarcode(lumaOf(picture), picture.width, picture.height);
}

/** Averages every pixel with its neighbours, as scaling and strong compression do. */
function blurred(picture: Picture): Picture {
  const { width, height, pixels } = picture;
  const softened = pixels.map((_, index) => {
    const [x, y] = [index % width, Math.floor(index / width)];
    let sum = 0;
    for (const dy of [-1, 0, 1]) {
      for (const dx of [-1, 0, 1]) {
        const [column, row] = [
          Math.min(width - 1, Math.max(0, x + dx)),
          Math.min(height - 1, Math.max(0, y + dy)),
        ];
        sum += pixels[row * width + column] ?? 0;
      }
    }
    return sum / 9;
  });
  return { width, height, pixels: softened };
}

describe('barcode', () => {
  it('reads every number back, at the size of the sub stream', () => {
    for (let frameNumber = 0; frameNumber <= maximumBarcodeNumber; frameNumber += 1) {
      expect(read(paint(frameNumber, 640, 360))).toBe(frameNumber);
    }
  });

  it.each([
    [1280, 720],
    [1920, 1080],
    [426, 240],
    [320, 180],
  ])('survives a soft picture of %i x %i', (width, height) => {
    for (const frameNumber of [0, 1, 299, 1365, 2730, 4095]) {
      expect(read(blurred(paint(frameNumber, width, height)))).toBe(frameNumber);
    }
  });

  it('refuses a number when one to three blocks in a row are wrong', () => {
    const original = paint(1234, 640, 360);
    for (const length of [1, 2, 3]) {
      for (let first = 2; first + length <= 18; first += 1) {
        const pixels = original.pixels.map((value, index) => {
          const [x, y] = [index % 640, Math.floor(index / 640)];
          const block = Math.floor(x / 8) - 1;
          return y >= 340 && y < 352 && block >= first && block < first + length ? 251 - value : value;
        });
        expect(read({ ...original, pixels })).toBeUndefined();
      }
    }
  });

  it('finds nothing in a picture without a barcode or with too little contrast', () => {
    const flat = { width: 640, height: 360, pixels: new Uint8Array(640 * 360).fill(90) };
    const { pixels, ...size } = paint(77, 640, 360);
    const faint = { ...size, pixels: pixels.map((value) => 100 + value / 8) };
    expect([read(flat), read(faint)]).toEqual([undefined, undefined]);
  });

  it('places the blocks where its description says', () => {
    const [margin, ...blocks] = barcodeBlocks(5, 1280, 720);
    expect(margin).toEqual({ x: 8, y: 672, width: 336, height: 40, white: false });
    expect(blocks).toHaveLength(20);
    expect(blocks[0]).toEqual({ x: 16, y: 680, width: 16, height: 24, white: true });
    expect(blocks.at(-1)).toEqual({ x: 320, y: 680, width: 16, height: 24, white: true });
    expect(
      blocks
        .slice(2, 14)
        .map(({ white }) => Number(white))
        .join(''),
    ).toBe('000000000101');
  });

  it.each([-1, 4096, 1.5, Number.NaN])('refuses to paint %d', (frameNumber) => {
    expect(() => barcodeBlocks(frameNumber, 640, 360)).toThrow(RangeError);
  });
});
