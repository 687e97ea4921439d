/** Light and colour of a scene. */

import { dot, normalize } from './matrix.mjs';
import { linearColour } from './mesh.mjs';

const maximumLamps = 12;

/** What a scene's `look` may change. Colours are linear light. */
export const defaultLook = {
  sunDirection: normalize([0.3, 1, 0.4]),
  sunColour: [1, 1, 1],
  skyColour: [0.5, 0.5, 0.55],
  groundColour: [0.25, 0.24, 0.22],
  horizonColour: [0.8, 0.85, 0.9],
  zenithColour: [0.25, 0.45, 0.8],
  fog: [0.7, 0.75, 0.8, 0],
  cloud: [0, 0, 0, 0],
  groundCloud: [0, 0, 0, 1],
  shadowArea: { centre: [0, 0, 0], radius: 20 },
  shadowSoftness: 1.4,
  lamps: [],
  mirror: false,
  exposure: 1,
  saturation: 1,
  vignette: 0.35,
  tint: [1, 1, 1],
};

/** Light of `hex` at `strength`. */
export function light(hex, strength = 1) {
  return linearColour(hex).map((value) => value * strength);
}

export const direction = (x, y, z) => normalize([x, y, z]);

/** A lamp: `aim` and `degrees` make it a spot, otherwise it shines everywhere. */
export function lamp(position, colour, { reach = 12, aim = [0, 0, 0], degrees = 60 } = {}) {
  const length = Math.sqrt(dot(aim, aim));
  return {
    position: [...position, reach],
    colour,
    aim: [...(length === 0 ? aim : normalize(aim)), Math.cos((degrees * Math.PI) / 180)],
  };
}

export function lampUniforms(lamps) {
  if (lamps.length > maximumLamps) throw new Error(`At most ${maximumLamps} lamps, not ${lamps.length}.`);
  const filled = [
    ...lamps,
    ...Array.from({ length: maximumLamps - lamps.length }, () => lamp([0, -99, 0], [0, 0, 0])),
  ];
  return {
    lampCount: { whole: lamps.length },
    lampPosition: { vec4s: filled.flatMap(({ position }) => position) },
    lampColour: { vec3s: filled.flatMap(({ colour }) => colour) },
    lampAim: { vec4s: filled.flatMap(({ aim }) => aim) },
  };
}
