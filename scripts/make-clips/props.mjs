/** Things and people that stand or move in the scenes. Metres; everything faces +z. */

/**
 * A point that walks a closed path at an even pace: `phase` 0 to 1 gives position, heading, and metres travelled. Corners are
 * rounded over `round` of the loop.
 */
export function along(points, phase, round = 0.03) {
  const samples = [-1, -0.6, -0.2, 0.2, 0.6, 1].map((offset) => pointOn(points, phase + offset * round));
  const mean = (axis) => samples.reduce((sum, sample) => sum + sample[axis], 0) / samples.length;
  const [first, last] = [samples[0], samples.at(-1)];
  return {
    x: mean(0),
    z: mean(1),
    turn: Math.atan2(last[0] - first[0], last[1] - first[1]),
    travelled: wrap(phase) * lengthOf(points),
  };
}

const wrap = (phase) => ((phase % 1) + 1) % 1;

const sides = (points) => points.map((point, index) => [point, points[(index + 1) % points.length]]);

const lengthOf = (points) =>
  sides(points).reduce((sum, [from, to]) => sum + Math.hypot(to[0] - from[0], to[1] - from[1]), 0);

function pointOn(points, phase) {
  let left = wrap(phase) * lengthOf(points);
  for (const [from, to] of sides(points)) {
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    if (left <= length && length > 0) {
      const share = left / length;
      return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
    }
    left -= length;
  }
  return points[0];
}

/** 0 to 1 and back with soft ends: rises from `from` to `up`, falls from `down` to `to` (phases). */
export function pulse(phase, { from, up, down, to }) {
  const soft = (value) => {
    const bounded = Math.min(1, Math.max(0, value));
    return bounded * bounded * (3 - 2 * bounded);
  };
  return phase < (up + down) / 2
    ? soft((phase - from) / (up - from))
    : 1 - soft((phase - down) / (to - down));
}

/** `stride` in radians swings arms and legs; undefined stands still. */
export function person(
  mesh,
  {
    at,
    turn = 0,
    stride,
    jacket = '#d8e04a',
    trousers = '#2c3648',
    helmet,
    skin = '#c98f6b',
    seated = false,
    vest = false,
    tall = 1,
  },
) {
  mesh.place({ at, turn, size: [tall, tall, tall] }, () => {
    const swing = stride === undefined ? 0 : Math.sin(stride) * 0.55;
    const bob = stride === undefined ? 0 : Math.abs(Math.cos(stride)) * 0.03;
    const hip = seated ? 0.5 : 0.86 + bob;
    for (const side of [-1, 1]) {
      mesh.paint(trousers);
      const bend = seated ? -Math.PI / 2 : swing * side;
      mesh.place({ at: [side * 0.1, hip, 0], pitch: bend }, () => {
        mesh.cylinder(0, -0.44, 0, { radius: 0.075, top: 0.1, height: 0.46 });
        const knee = seated ? Math.PI / 2 : Math.max(0, -swing * side) * 0.9 + 0.04;
        mesh.place({ at: [0, -0.43, 0], pitch: knee }, () => {
          mesh.cylinder(0, -0.4, 0, { radius: 0.058, top: 0.076, height: 0.42 });
          mesh.paint('#1d1d20').box(0, -0.45, 0.05, 0.1, 0.09, 0.26);
        });
      });
    }
    mesh.paint(jacket);
    mesh.place({ at: [0, hip - 0.04, 0], size: [1, 1, 0.66] }, () => {
      mesh.cylinder(0, 0, 0, { radius: 0.175, top: 0.225, height: 0.5 });
      mesh.sphere(0, 0.5, 0, 0.225, { squash: 0.42 });
      if (vest)
        mesh.paint('#e9edf0', { glow: 0 }).cylinder(0, 0.18, 0, { radius: 0.202, top: 0.206, height: 0.055 });
    });
    for (const side of [-1, 1]) {
      mesh.paint(jacket);
      const lift = seated ? -0.75 : -swing * side * 0.85;
      mesh.place({ at: [side * 0.25, hip + 0.44, 0], pitch: lift, roll: side * 0.09 }, () => {
        mesh.sphere(0, 0, 0, 0.078);
        mesh.cylinder(0, -0.3, 0, { radius: 0.055, top: 0.075, height: 0.3 });
        mesh.place({ at: [0, -0.29, 0], pitch: -0.3 }, () => {
          mesh.cylinder(0, -0.27, 0, { radius: 0.043, top: 0.055, height: 0.28 });
          mesh.paint(skin).sphere(0, -0.31, 0, 0.052);
        });
      });
    }
    mesh.paint(skin).cylinder(0, hip + 0.5, 0, { radius: 0.055, height: 0.13 });
    mesh.sphere(0, hip + 0.72, 0.01, 0.112, { squash: 1.18 });
    if (helmet === undefined) mesh.paint('#33261f').sphere(0, hip + 0.76, -0.02, 0.118, { squash: 0.98 });
    else {
      mesh.paint(helmet, { gloss: 0.5 }).sphere(0, hip + 0.77, 0, 0.142, { squash: 0.82 });
      mesh.cylinder(0, hip + 0.74, 0.05, { radius: 0.16, height: 0.02 });
    }
  });
}

export function wheel(mesh, { at, radius = 0.32, width = 0.22, spin = 0, hub = '#9aa0a6' }) {
  mesh.place({ at, roll: Math.PI / 2 }, () => {
    mesh.place({ turn: -spin }, () => {
      mesh.paint('#16171a').cylinder(0, -width / 2, 0, { radius, height: width, sides: 18 });
      mesh
        .paint(hub, { gloss: 0.4 })
        .cylinder(0, -width / 2 - 0.01, 0, { radius: radius * 0.58, height: width + 0.02, sides: 10 });
    });
  });
}

/** A hatchback or saloon; `night` lights its lamps. */
export function car(mesh, { at, turn = 0, colour, spin = 0, night = false, parked = false }) {
  mesh.place({ at, turn: turn - Math.PI / 2 }, () => {
    const body = [
      [-2.1, 0.42],
      [-1.9, 0.3],
      [1.95, 0.3],
      [2.15, 0.45],
      [2.12, 0.7],
      [1.9, 0.82],
      [0.95, 0.95],
      [-1.85, 0.98],
      [-2.12, 0.85],
    ];
    mesh.paint(colour, { gloss: 0.85 }).extrude(body, 1.74);
    mesh.paint('#11161c', { gloss: 0.95 }).extrude(
      [
        [-1.72, 0.96],
        [1.0, 0.94],
        [0.3, 1.4],
        [-1.2, 1.42],
      ],
      1.52,
    );
    mesh.paint(colour, { gloss: 0.85 }).extrude(
      [
        [-1.22, 1.4],
        [0.32, 1.38],
        [0.18, 1.47],
        [-1.1, 1.48],
      ],
      1.46,
    );
    for (const pillar of [-0.46])
      mesh.extrude(
        [
          [pillar - 0.06, 0.95],
          [pillar + 0.06, 0.95],
          [pillar + 0.04, 1.42],
          [pillar - 0.04, 1.42],
        ],
        1.55,
      );
    const lampGlow = night && !parked;
    for (const side of [-0.62, 0.62]) {
      mesh.paint('#fdf6e0', { glow: lampGlow ? 9 : 0, gloss: 0.6 }).box(2.06, 0.56, side, 0.14, 0.13, 0.36);
      mesh.paint('#c22020', { glow: lampGlow ? 2.4 : 0, gloss: 0.6 }).box(-2.1, 0.7, side, 0.08, 0.12, 0.36);
    }
    mesh.paint('#15181c').box(2.1, 0.36, 0, 0.1, 0.14, 1.2);
    for (const [x, z] of [
      [1.3, 0.8],
      [1.3, -0.8],
      [-1.3, 0.8],
      [-1.3, -0.8],
    ]) {
      mesh.place({ at: [x, 0.33, z], turn: Math.PI / 2 }, () => wheel(mesh, { at: [0, 0, 0], spin }));
    }
  });
}

/** A pallet with a stack of boxes; `shade` varies the boxes. */
export function pallet(mesh, { at, turn = 0, layers = 2, colour = '#b98a58', wrapped = false }) {
  mesh.place({ at, turn }, () => {
    mesh.paint('#9a7648');
    for (const z of [-0.45, 0, 0.45]) mesh.box(0, 0, z, 1.2, 0.09, 0.1);
    for (const x of [-0.5, -0.25, 0, 0.25, 0.5]) mesh.box(x, 0.09, 0, 0.16, 0.035, 1.0);
    const tones = [colour, mixHex(colour, '#ffffff', 0.08), mixHex(colour, '#000000', 0.1)];
    for (let layer = 0; layer < layers; layer += 1) {
      for (let cell = 0; cell < 4; cell += 1) {
        const [x, z] = [((cell % 2) - 0.5) * 0.57, (Math.floor(cell / 2) - 0.5) * 0.47];
        mesh.paint(tones[(cell + layer * 2) % 3], { gloss: wrapped ? 0.35 : 0 });
        mesh.box(x, 0.13 + layer * 0.41, z, 0.55, 0.4, 0.45);
        mesh.paint(mixHex(colour, '#ffffff', 0.35)).box(x, 0.13 + layer * 0.41 + 0.19, z, 0.552, 0.05, 0.452);
      }
    }
  });
}

export function forklift(mesh, { at, turn = 0, lift = 0.1, spin = 0, load, colour = '#e9a51f' }) {
  mesh.place({ at, turn }, () => {
    mesh.paint(colour, { gloss: 0.5 });
    mesh.box(0, 0.32, -0.45, 1.05, 0.5, 1.5);
    mesh.paint('#2a2d31', { gloss: 0.3 }).box(0, 0.3, -1.25, 1.08, 0.75, 0.35);
    mesh.paint(colour, { gloss: 0.5 }).box(0, 0.8, -0.95, 0.9, 0.25, 0.7);
    mesh.paint('#23262a');
    for (const x of [-0.45, 0.45]) {
      mesh.place({ at: [x, 0.8, 0.2], pitch: -0.12 }, () => mesh.box(0, 0, 0, 0.07, 1.35, 0.07));
      mesh.box(x, 0.8, -1.2, 0.07, 1.33, 0.07);
      mesh.box(x * 0.75, 0.1, 0.42, 0.1, 2.15, 0.12);
    }
    mesh.box(0, 2.1, -0.58, 1.0, 0.07, 1.35);
    mesh.paint('#f7c54a', { glow: 2.2 }).cylinder(0, 2.17, -0.9, { radius: 0.07, height: 0.12 });
    mesh.paint('#3a3d42');
    mesh.box(0, lift + 0.3, 0.5, 0.95, 0.45, 0.06);
    for (const x of [-0.28, 0.28]) mesh.box(x, lift, 0.98, 0.12, 0.05, 1.0);
    person(mesh, { at: [0, 0.42, -0.4], seated: true, jacket: '#ef7d1a', helmet: '#f4f4f0', vest: true });
    mesh.paint('#1b1d20').box(0, 0.85, -0.72, 0.5, 0.5, 0.12);
    if (load !== undefined) pallet(mesh, { at: [0, lift + 0.06, 1.12], ...load });
    for (const [x, z, radius] of [
      [-0.48, 0.15, 0.34],
      [0.48, 0.15, 0.34],
      [-0.45, -1.0, 0.28],
      [0.45, -1.0, 0.28],
    ]) {
      wheel(mesh, { at: [x, radius, z], radius, spin: spin / radius, hub: '#d8d8d2' });
    }
  });
}

/** A racking bay: uprights, beams and loads on each level. `loads` gives a colour or undefined a place. */
export function rack(mesh, { at, turn = 0, bays, levels, loads, upright = '#2f5fb3', beam = '#e5782a' }) {
  const [bayWidth, levelHeight, depth] = [2.7, 1.75, 1.1];
  mesh.place({ at, turn }, () => {
    for (let bay = 0; bay <= bays; bay += 1) {
      mesh.paint(upright);
      for (const z of [-depth / 2, depth / 2])
        mesh.box(bay * bayWidth, 0, z, 0.1, levels * levelHeight + 0.3, 0.09);
      for (let brace = 0; brace < levels * 2; brace += 1) {
        mesh.place({ at: [bay * bayWidth, brace * 0.9 + 0.2, 0], pitch: brace % 2 === 0 ? 0.9 : -0.9 }, () =>
          mesh.box(0, -0.7, 0, 0.03, 1.4, 0.03),
        );
      }
    }
    for (let level = 0; level < levels; level += 1) {
      for (let bay = 0; bay < bays; bay += 1) {
        const [x, y] = [(bay + 0.5) * bayWidth, level * levelHeight];
        if (level > 0) {
          mesh.paint(beam);
          for (const z of [-depth / 2, depth / 2]) mesh.box(x, y - 0.06, z, bayWidth - 0.1, 0.12, 0.05);
        }
        for (const side of [0, 1]) {
          const colour = loads(bay, level, side);
          if (colour !== undefined)
            pallet(mesh, {
              at: [x + (side - 0.5) * 1.3, y + 0.06, 0],
              colour,
              layers: 2 + ((bay + level + side) % 2),
              wrapped: (bay + side) % 3 === 0,
            });
        }
      }
    }
  });
}

export function tree(mesh, { at, size = 1, colour = '#4d7a36' }) {
  mesh.place({ at, size: [size, size, size] }, () => {
    mesh.paint('#5b4632').cylinder(0, 0, 0, { radius: 0.14, top: 0.09, height: 1.6, sides: 10 });
    const blobs = [
      [0, 2.6, 0, 1.15],
      [0.6, 2.2, 0.3, 0.8],
      [-0.6, 2.3, -0.2, 0.85],
      [0.1, 3.3, -0.1, 0.8],
      [-0.2, 2.2, 0.65, 0.75],
    ];
    for (const [index, [x, y, z, radius]] of blobs.entries()) {
      mesh
        .paint(mixHex(colour, index % 2 === 0 ? '#a8c060' : '#12301a', 0.16))
        .sphere(x, y, z, radius, { squash: 0.88 });
    }
  });
}

export function plant(mesh, { at, size = 1 }) {
  mesh.place({ at, size: [size, size, size] }, () => {
    mesh.paint('#e8e6e1', { gloss: 0.3 }).cylinder(0, 0, 0, { radius: 0.2, top: 0.27, height: 0.45 });
    for (let leaf = 0; leaf < 15; leaf += 1) {
      const [turn, pitch] = [leaf * 2.4, 0.25 + (leaf % 5) * 0.16];
      mesh.paint(leaf % 2 === 0 ? '#3f7d3f' : '#5a9a4a');
      mesh.place({ at: [0, 0.42, 0], turn, pitch }, () =>
        mesh.extrude(
          [
            [0, 0],
            [0.1, 0.5],
            [0, 1.05],
            [-0.1, 0.5],
          ],
          0.015,
        ),
      );
    }
  });
}

/** A colour between two, `share` 0 to 1. */
export function mixHex(from, to, share) {
  const channel = (hex, index) => Number.parseInt(hex.slice(1 + index * 2, 3 + index * 2), 16);
  const mixed = [0, 1, 2].map((index) =>
    Math.round(channel(from, index) * (1 - share) + channel(to, index) * share),
  );
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/** Numbers that look random and never change: `seeded(3)(7)` is between 0 and 1. */
export const seeded = (seed) => (index) => {
  const value = Math.sin((index + 1) * 127.1 + seed * 311.7) * 43758.5453;
  return value - Math.floor(value);
};
