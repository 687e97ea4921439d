import { readFileSync } from 'node:fs';

/** An answer of a real camera, byte for byte. */
export function cameraAnswer(name: string): Buffer {
  return readFileSync(new URL(`../../../fixtures/rtsp/${name}.txt`, import.meta.url));
}

/** The same, with the length of its body stated truly: two of them were edited after they had been recorded. */
export function cameraDescription(name: string): string {
  const text = cameraAnswer(name).toString('latin1');
  return text.slice(text.indexOf('v=0'));
}
