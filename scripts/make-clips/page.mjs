/** Runs in Chromium: renders the pictures of a scene with its name, and the strips with number and barcode. */

import { barcodeBlocks } from '../../src/sim/clip/barcode.ts';
import { Renderer } from './renderer.mjs';
import { scenesById } from './scenes.mjs';

const [width, height] = [1280, 720];
const quality = 0.97;
const renderHeight = Number(new URLSearchParams(location.search).get('height') ?? height);
const glCanvas = new OffscreenCanvas((renderHeight * width) / height, renderHeight);
const picture = new OffscreenCanvas(width, height);
const renderer = new Renderer(glCanvas);

globalThis.loadScene = (id) => {
  renderer.load(scenesById[id]);
};

/** The scene at `phase` (0 to 1 through the loop) with the camera's name, as a JPEG in Base64. */
globalThis.drawPicture = async ({ title, phase }) => {
  renderer.draw(phase);
  const pen = picture.getContext('2d');
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(glCanvas, 0, 0, width, height);
  pen.font = '600 38px "DejaVu Sans", sans-serif';
  pen.textBaseline = 'top';
  pen.lineJoin = 'round';
  pen.lineWidth = 7;
  pen.strokeStyle = 'rgba(8, 12, 18, 0.72)';
  pen.strokeText(title, 26, 22);
  pen.fillStyle = '#ffffff';
  pen.fillText(title, 26, 22);
  return encoded(picture);
};

/** The lower left corner with barcode and number, and where it belongs in the picture. */
globalThis.drawStrip = async (frameNumber) => {
  const [margin, ...blocks] = barcodeBlocks(frameNumber, width, height);
  const strip = new OffscreenCanvas(margin.width + 92, margin.height);
  const pen = strip.getContext('2d');
  pen.fillStyle = '#000000';
  pen.fillRect(0, 0, strip.width, strip.height);
  pen.fillStyle = '#ffffff';
  for (const block of blocks) {
    if (block.white) pen.fillRect(block.x - margin.x, block.y - margin.y, block.width, block.height);
  }
  pen.font = '600 27px "DejaVu Sans Mono", monospace';
  pen.textBaseline = 'middle';
  pen.fillText(String(frameNumber).padStart(4, '0'), margin.width + 4, margin.height / 2 + 2);
  return { jpeg: await encoded(strip), x: margin.x, y: margin.y };
};

async function encoded(canvas) {
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
  return new Uint8Array(await blob.arrayBuffer()).toBase64();
}
