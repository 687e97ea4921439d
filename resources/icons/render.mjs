/**
 * Renders the app's icons from src/renderer/icon.svg with Chromium: `node resources/icons/render.mjs`. The results are
 * kept in git, so that packaging needs no browser. electron-builder takes the PNGs for Linux, icon.ico for Windows and
 * icon.icns for macOS.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { findChromium } from '../../scripts/tools.mjs';

const folder = import.meta.dirname;
const svg = readFileSync(join(folder, '..', '..', 'src', 'renderer', 'icon.svg'), 'utf8');
const linuxSizes = [16, 32, 48, 64, 128, 256, 512];
/** Type codes of PNG entries by size, Apple Icon Image format; the second ones are for displays of double density. */
const icnsTypes = [
  ['icp4', 16],
  ['icp5', 32],
  ['ic07', 128],
  ['ic08', 256],
  ['ic09', 512],
  ['ic10', 1024],
  ['ic11', 32],
  ['ic12', 64],
  ['ic13', 256],
  ['ic14', 512],
];

const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
const page = await browser.newPage();
const pngs = new Map();
for (const size of [...linuxSizes, 1024]) {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(`<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
  pngs.set(size, await page.screenshot({ omitBackground: true }));
}
await browser.close();

for (const size of linuxSizes) writeFileSync(join(folder, `${size}x${size}.png`), pngs.get(size));
writeFileSync(join(folder, 'icon.ico'), ico([16, 32, 48, 64, 128, 256]));
writeFileSync(join(folder, 'icon.icns'), icns());

/** ICONDIR, one ICONDIRENTRY a size, then the PNGs; 256 is written as 0. */
function ico(sizes) {
  const directory = Buffer.alloc(6 + 16 * sizes.length);
  directory.writeUInt16LE(1, 2);
  directory.writeUInt16LE(sizes.length, 4);
  let offset = directory.length;
  for (const [index, size] of sizes.entries()) {
    const { length } = pngs.get(size);
    const entry = 6 + 16 * index;
    directory.writeUInt8(size % 256, entry);
    directory.writeUInt8(size % 256, entry + 1);
    directory.writeUInt16LE(1, entry + 4);
    directory.writeUInt16LE(32, entry + 6);
    directory.writeUInt32LE(length, entry + 8);
    directory.writeUInt32LE(offset, entry + 12);
    offset += length;
  }
  return Buffer.concat([directory, ...sizes.map((size) => pngs.get(size))]);
}

/** `icns`, the whole length, then entries of type, length and PNG. */
function icns() {
  const entries = icnsTypes.map(([type, size]) => {
    const header = Buffer.alloc(8);
    header.write(type, 0, 'latin1');
    header.writeUInt32BE(8 + pngs.get(size).length, 4);
    return Buffer.concat([header, pngs.get(size)]);
  });
  const header = Buffer.alloc(8);
  header.write('icns', 0, 'latin1');
  header.writeUInt32BE(8 + entries.reduce((sum, { length }) => sum + length, 0), 4);
  return Buffer.concat([header, ...entries]);
}
