/** Scenes outside: loading dock, main gate, car park, fence. */

import { direction, lamp, light } from './look.mjs';
import { along, car, forklift, mixHex, pallet, person, pulse, seeded, tree } from './props.mjs';

const tau = 2 * Math.PI;

export const loadingDock = {
  camera: { eye: [7.6, 5.6, 9.4], target: [-0.6, 0.7, -1.2], degrees: 52 },
  look: {
    sunDirection: direction(0.35, 1, 0.5),
    sunColour: light('#fff1dc', 1.15),
    skyColour: light('#cfd8e6', 0.6),
    groundColour: light('#8d857a', 0.45),
    shadowArea: { centre: [0, 0, 0], radius: 15 },
    shadowSoftness: 2.4,
    mirror: true,
    exposure: 1.0,
    horizonColour: light('#dfe7f0', 1),
    lamps: [
      lamp([-5.2, 2.6, -5.2], light('#fff6e6', 5), { reach: 9 }),
      lamp([0, 2.6, -5.2], light('#fff6e6', 5), { reach: 9 }),
      lamp([5.2, 2.6, -5.2], light('#fff6e6', 3), { reach: 9 }),
    ],
  },
  build({ solid, unshadowing }) {
    unshadowing.paint('#8f9296', { pattern: 'concrete', gloss: 0.45 }).floor(0, 0, 0, 40, 30);
    solid.paint('#d9d4c8', { pattern: 'corrugated' });
    const doors = [-5.2, 0, 5.2];
    unshadowing.paint('#c9c6bd', { pattern: 'corrugated' }).box(-13, 0, 0, 0.3, 9, 40);
    for (const z of [-4.2, 0.4, 5]) {
      unshadowing.paint('#f7fbff', { glow: 1.25 }).box(-12.83, 3.4, z, 0.08, 1.9, 3.2);
      for (const offset of [-1.6, 0, 1.6])
        unshadowing.paint('#5d656d').box(-12.78, 3.3, z + offset, 0.08, 2.1, 0.1);
    }
    unshadowing.paint('#2e6f9e', { gloss: 0.3 }).box(-12.8, 0, 0, 0.06, 1.3, 40);
    solid.paint('#d9d4c8', { pattern: 'corrugated' });
    solid.box(0, 3.6, -7, 30, 5, 0.3);
    for (const [x, width] of [
      [-11.2, 8.5],
      [-2.6, 1.7],
      [2.6, 1.7],
      [11.2, 8.5],
    ])
      solid.box(x, 0, -7, width, 3.6, 0.3);
    solid.paint('#2e6f9e', { gloss: 0.3 }).box(0, 4.3, -6.83, 30, 0.45, 0.06);
    for (const [index, x] of doors.entries()) {
      solid
        .paint('#f2c230')
        .box(x - 1.85, 0, -6.8, 0.2, 3.6, 0.2)
        .box(x + 1.85, 0, -6.8, 0.2, 3.6, 0.2);
      solid.paint('#26292d').box(x, 3.5, -6.8, 3.9, 0.3, 0.3);
      if (index === 2) {
        solid.paint('#3f7fb0', { gloss: 0.25 });
        for (let slat = 0; slat < 9; slat += 1) solid.box(x, slat * 0.4, -6.95, 3.5, 0.37, 0.1);
      } else {
        solid.paint(index === 0 ? '#eceff1' : '#e4e0d4').box(x, 0.02, -11.5, 3.3, 0.1, 9);
        for (const side of [-1.7, 1.7]) solid.box(x + side, 0, -11.5, 0.1, 3.4, 9);
        solid.paint('#dfe2e5').box(x, 0, -15.6, 3.4, 3.4, 0.1);
        for (let row = 0; row < 2; row += 1)
          pallet(solid, {
            at: [x - 0.75 + row * 1.5, 0.1, -11.6],
            layers: 3,
            colour: index === 0 ? '#8ba0ae' : '#b98a58',
          });
      }
      solid.paint('#1d2023').box(x, 0.25, -6.7, 3.0, 0.28, 0.2);
      solid.paint('#f4f4f0').box(x + 2.6, 2.2, -6.82, 0.62, 0.62, 0.04);
      solid
        .paint(['#3c9b5c', '#3c9b5c', '#c8423a'][index], { glow: 1.5 })
        .box(x + 2.6, 2.95, -6.8, 0.24, 0.24, 0.08);
    }
    for (const x of [-7.6, -2.7, 2.7, 7.6]) {
      solid.paint('#f2c230', { gloss: 0.4 }).cylinder(x, 0, -5.6, { radius: 0.13, height: 1.1 });
      solid.paint('#26292d').cylinder(x, 0.7, -5.6, { radius: 0.134, height: 0.14 });
    }
    unshadowing.paint('#e8c440', { gloss: 0.3 });
    for (const z of [-4.6, 4.8]) unshadowing.floor(0, 0.006, z, 40, 0.12);
    for (const x of doors)
      for (const side of [-1.7, 1.7]) unshadowing.floor(x + side, 0.007, -5.7, 0.12, 2.2);
    for (let stripe = 0; stripe < 7; stripe += 1)
      unshadowing.paint('#eceae4').floor(-9.6 + stripe * 0.62, 0.007, 2.4, 0.32, 4.4);
    const stacks = [
      [-9.2, -2.4, 3, '#6f8fa3'],
      [-7.8, -2.4, 2, '#b98a58'],
      [-9.2, -1, 2, '#b98a58'],
      [8.4, -3.2, 3, '#b98a58'],
      [9.9, -3.2, 2, '#8c5e46'],
      [8.4, -1.7, 1, '#6f8fa3'],
      [4.2, 3.2, 2, '#b98a58'],
    ];
    for (const [x, z, layers, colour] of stacks)
      pallet(solid, { at: [x, 0, z], layers, colour, wrapped: layers === 3, turn: (x * 7 + z) % 0.12 });
  },
  animate(mesh, phase) {
    const route = along(
      [
        [0, -9.6],
        [0, -3],
        [-3.6, 0.4],
        [-6.4, 2.2],
        [-3, 3.6],
        [0, 0.6],
      ],
      phase,
    );
    forklift(mesh, {
      at: [route.x, 0, route.z],
      turn: route.turn,
      spin: route.travelled,
      lift: 0.25,
      load: { layers: 2, colour: '#8c5e46' },
    });
    const walk = along(
      [
        [3.4, 1.6],
        [9.2, 1.2],
        [9.2, 0.6],
        [3.4, 0.9],
      ],
      phase + 0.2,
    );
    person(mesh, {
      at: [walk.x, 0, walk.z],
      turn: walk.turn,
      stride: phase * tau * 16,
      jacket: '#e6e13c',
      helmet: '#2f74c0',
      vest: true,
    });
    person(mesh, {
      at: [4.9, 0, 2.6],
      turn: -1.1 + 0.2 * Math.sin(phase * tau * 2),
      jacket: '#ef7d1a',
      helmet: '#f4f4f0',
      vest: true,
    });
  },
};

export const mainGate = {
  camera: { eye: [-6.4, 6.2, 12.5], target: [0.8, 0.6, -4], degrees: 46 },
  look: {
    sunDirection: direction(-0.55, 0.85, 0.35),
    sunColour: light('#fff0d0', 2.1),
    skyColour: light('#a9c6ee', 0.75),
    groundColour: light('#7d8a5a', 0.4),
    horizonColour: light('#d5e6f5', 1.1),
    zenithColour: light('#3b7fce', 0.95),
    cloud: [0.4, 0.2, 1, 1],
    fog: [...light('#cfe0f0', 1), 0.0028],
    shadowArea: { centre: [0, 0, -4], radius: 22 },
    shadowSoftness: 1,
    exposure: 0.82,
    saturation: 1.08,
  },
  build({ solid, unshadowing, sheer }) {
    unshadowing.paint('#5f8a3c', { pattern: 'grass' }).floor(0, -0.02, -40, 220, 160);
    unshadowing.paint('#5c5f63', { pattern: 'asphalt' }).floor(1.6, 0, -30, 7.4, 120);
    unshadowing.paint('#5c5f63', { pattern: 'asphalt' }).floor(14, 0.001, -13, 40, 6);
    unshadowing.paint('#b9b7ae', { pattern: 'concrete' }).floor(-3.1, 0.06, -30, 1.8, 120);
    for (let dash = 0; dash < 14; dash += 1)
      if (dash !== 3) unshadowing.paint('#eeede6').floor(1.6, 0.008, 12 - dash * 5, 0.14, 2.2);
    unshadowing.paint('#eeede6').floor(1.6, 0.009, 0.8, 7, 0.35);
    solid.paint('#f1eee6').box(-4.6, 0, -1.4, 2.6, 2.7, 3);
    solid
      .paint('#22323e', { gloss: 0.9 })
      .box(-4.6, 1.05, -1.4, 2.64, 1.05, 2.5)
      .box(-4.6, 1.05, -1.4, 2.1, 1.05, 3.04);
    solid.paint('#c8452f', { gloss: 0.3 }).box(-4.6, 2.7, -1.4, 3.3, 0.22, 3.7);
    for (const x of [-2.15, 5.5]) solid.paint('#d8dadc', { gloss: 0.4 }).box(x, 0, -1.6, 0.4, 1.15, 0.4);
    const posts = (x0, x1, z) => {
      for (let x = x0; x <= x1; x += 2.5) solid.paint('#3d6b4f').box(x, 0, z, 0.08, 2.1, 0.08);
      solid.paint('#3d6b4f').box((x0 + x1) / 2, 2.05, z, x1 - x0, 0.05, 0.05);
      sheer.paint('#3d6b4f', { pattern: 'wire' }).quad([x0, 0, z], [x1, 0, z], [x1, 2.05, z], [x0, 2.05, z]);
    };
    posts(6.2, 41.2, -1.6);
    posts(-43.6, -6.1, -1.6);
    solid.paint('#dcdfe0', { pattern: 'corrugated' }).box(-14, 0, -34, 30, 7, 12);
    solid.paint('#3a6ea5').box(-14, 6, -27.9, 30, 1, 0.2);
    solid.paint('#c9c4b8', { pattern: 'corrugated' }).box(24, 0, -36, 26, 9, 14);
    solid.paint('#b5532f').box(24, 7.8, -28.9, 26, 1.2, 0.2);
    const random = seeded(4);
    for (let index = 0; index < 22; index += 1)
      tree(solid, {
        at: [-46 + index * 4.6 + random(index) * 2, 0, -50 - random(index + 50) * 12],
        size: 1.6 + random(index + 9) * 1.2,
      });
    for (const [x, z, size] of [
      [-9, -7, 1.15],
      [-12.5, -12, 1.4],
      [8.6, -5.4, 1.0],
      [13, -6.2, 1.2],
      [-10.5, 3, 0.9],
    ])
      tree(solid, { at: [x, 0, z], size });
    solid
      .paint('#2c6cb0')
      .box(8.6, 0, 1.4, 0.12, 2, 0.12)
      .box(11.4, 0, 1.4, 0.12, 2, 0.12)
      .box(10, 0.9, 1.4, 3, 1.3, 0.1);
    solid
      .paint('#f4f4f2')
      .box(10, 1.68, 1.47, 2.4, 0.22, 0.03)
      .box(9.7, 1.32, 1.47, 1.8, 0.14, 0.03)
      .box(9.85, 1.08, 1.47, 2.1, 0.1, 0.03);
  },
  animate(mesh, phase) {
    const lift = pulse(phase, { from: 0.24, up: 0.34, down: 0.62, to: 0.72 });
    mesh.place({ at: [-2.15, 1.05, -1.4], roll: lift * 1.35 }, () => {
      for (let piece = 0; piece < 10; piece += 1)
        mesh
          .paint(piece % 2 === 0 ? '#d8342a' : '#f5f3ee')
          .box(0.35 + piece * 0.74 + 0.37, -0.06, 0, 0.74, 0.13, 0.07);
    });
    mesh.place({}, () =>
      mesh.paint(lift > 0.95 ? '#35c46a' : '#e23a30', { glow: 2.5 }).sphere(-2.15, 1.3, -1.38, 0.12),
    );
    const drive =
      phase < 0.36
        ? 5 + ((26 * Math.max(0, 0.2 - phase)) / 0.2) * 1
        : 5 - 62 * Math.max(0, phase - 0.36) ** 1.35 * 1.6;
    if (phase < 0.93)
      car(mesh, { at: [-0.1, 0, drive], turn: Math.PI, colour: '#c9402f', spin: drive / 0.33 });
    const out = -62 + 90 * phase;
    if (phase > 0.05)
      car(mesh, { at: [3.5, 0, Math.min(out, 40)], turn: 0, colour: '#e9ecef', spin: -out / 0.33 });
    const walk = along(
      [
        [-3.1, 5],
        [-3.1, -20],
        [-3.2, -20],
        [-3.2, 5],
      ],
      phase + 0.6,
    );
    person(mesh, {
      at: [walk.x, 0.06, walk.z],
      turn: walk.turn,
      stride: phase * tau * 26,
      jacket: '#2f5fa8',
      trousers: '#3a3a40',
    });
  },
};

export const carPark = {
  camera: { eye: [-9.5, 8.2, 12.5], target: [0.6, 0, -2.4], degrees: 50 },
  look: {
    sunDirection: direction(0.4, 0.8, -0.45),
    sunColour: light('#7f9ad6', 0.22),
    skyColour: light('#5b6fae', 0.2),
    groundColour: light('#4b3b52', 0.12),
    horizonColour: light('#e08a5a', 0.55),
    zenithColour: light('#27346e', 0.5),
    fog: [...light('#6f5f7c', 0.3), 0.006],
    shadowArea: { centre: [0, 0, -2], radius: 20 },
    shadowSoftness: 2,
    exposure: 1.5,
    vignette: 0.45,
  },
  lookAt: (phase) => {
    const path = carParkDrive(phase);
    const ahead = [Math.sin(path.turn), -0.12, Math.cos(path.turn)];
    const front = (side) => [
      path.x + ahead[0] * 2.2 + ahead[2] * side,
      0.62,
      path.z + ahead[2] * 2.2 - ahead[0] * side,
    ];
    const posts = [
      [-7, -5.6],
      [1.5, -5.6],
      [10, -5.6],
      [-7, 5],
      [1.5, 5],
      [10, 5],
    ];
    const beam = [-4, 4].flatMap((side) =>
      [0, 15].map((reach) => [
        path.x + ahead[0] * reach + ahead[2] * side,
        0,
        path.z + ahead[2] * reach - ahead[0] * side,
      ]),
    );
    return {
      touched: [[...beam, ...beam.map(([x, , z]) => [x, 1.8, z])]],
      lamps: [
        ...posts.map(([x, z]) =>
          lamp([x, 5.2, z], light('#ffc98a', 16), { reach: 17, aim: [0, -1, 0], degrees: 68 }),
        ),
        ...[-0.6, 0.6].map((side) =>
          lamp(front(side), light('#fff1d6', 9), { reach: 16, aim: ahead, degrees: 26 }),
        ),
      ],
    };
  },
  build({ solid, unshadowing }) {
    unshadowing.paint('#4a4d55', { pattern: 'asphalt', gloss: 0.12 }).floor(0, 0, -4, 60, 50);
    unshadowing.paint('#3f5c3a', { pattern: 'grass' }).floor(0, -0.02, -40, 160, 80);
    const colours = [
      '#b8bdc4',
      '#2c3f66',
      '#8d2f2a',
      '#e4e4e0',
      '#33373d',
      '#5e7f6c',
      '#c8a24a',
      '#6b7480',
      '#f0f0ee',
      '#274b57',
    ];
    const random = seeded(11);
    for (const [row, z] of [
      [0, -8.2],
      [1, -3.2],
      [2, 7.3],
    ]) {
      for (let bay = 0; bay < 12; bay += 1) {
        const x = -15 + bay * 2.7;
        unshadowing.paint('#d7d6cf').floor(x - 1.35, 0.007, z, 0.1, 4.8);
        if (random(row * 20 + bay) < 0.68 && !(row === 1 && (bay === 7 || bay === 6)))
          car(solid, {
            at: [x, 0, z + (random(bay + row) - 0.5) * 0.4],
            turn: row === 1 ? Math.PI : 0,
            colour: colours[Math.floor(random(bay * 3 + row * 31) * 10)],
            parked: true,
          });
      }
    }
    for (const [x, z] of [
      [-7, -5.7],
      [1.5, -5.7],
      [10, -5.7],
      [-7, 4.6],
      [1.5, 4.6],
      [10, 4.6],
    ]) {
      solid.paint('#30343b').cylinder(x, 0, z, { radius: 0.09, top: 0.06, height: 5.4, sides: 12 });
      solid.box(x, 5.35, z, 0.26, 0.1, 1.1);
      unshadowing.paint('#ffdca8', { glow: 7 }).box(x, 5.3, z, 0.2, 0.05, 0.9);
    }
    unshadowing.paint('#6d7f5f', { pattern: 'grass' }).floor(0, 0.05, -5.7, 34, 0.9);
    solid.paint('#3b3f4a', { pattern: 'brick' }).box(2, 0, -20, 44, 6.5, 8);
    for (let window = 0; window < 15; window += 1) {
      const lit = random(window + 70) > 0.45;
      for (const y of [1.4, 4])
        solid
          .paint(lit === y > 2 ? '#ffd692' : '#1d2740', { glow: lit === y > 2 ? 1.5 : 0, gloss: 0.8 })
          .box(-17 + window * 2.7, y, -15.95, 1.7, 1.4, 0.1);
    }
    for (let index = 0; index < 12; index += 1)
      tree(solid, { at: [-26 + index * 4.9, 0, -27 - random(index) * 6], size: 2.1, colour: '#31503a' });
  },
  animate(mesh, phase) {
    const path = carParkDrive(phase);
    car(mesh, {
      at: [path.x, 0, path.z],
      turn: path.turn,
      colour: '#3c78b4',
      spin: path.travelled / 0.33,
      night: true,
    });
    const walk = along(
      [
        [-5.4, 3.2],
        [6.4, 3.6],
        [6.4, 3.3],
        [-5.4, 2.9],
      ],
      phase + 0.1,
    );
    person(mesh, { at: [walk.x, 0, walk.z], turn: walk.turn, stride: phase * tau * 20, jacket: '#b5443a' });
  },
};

function carParkDrive(phase) {
  return along(
    [
      [-24, 1.4],
      [24, 1.4],
      [60, 1.4],
      [60, -60],
      [-60, -60],
      [-60, 1.4],
    ],
    phase * 0.17,
  );
}

export const fenceNorth = {
  camera: { eye: [-3.4, 4.4, 8.4], target: [1.6, 0.9, -4.5], degrees: 52 },
  look: {
    sunDirection: direction(-0.25, 0.6, 0.75),
    sunColour: [0.12, 0.12, 0.12],
    skyColour: [0.08, 0.08, 0.08],
    groundColour: [0.05, 0.05, 0.05],
    horizonColour: [0.035, 0.035, 0.035],
    zenithColour: [0.008, 0.008, 0.008],
    fog: [0.02, 0.02, 0.02, 0.022],
    shadowArea: { centre: [0, 0, -4], radius: 18 },
    shadowSoftness: 1.2,
    exposure: 1.25,
    saturation: 0,
    vignette: 0.75,
    tint: [0.98, 1.0, 1.0],
    // The camera's own infrared lamps.
    lamps: [lamp([-3.4, 4.4, 8.4], [26, 26, 26], { reach: 46, aim: [5, -3.3, -12.9], degrees: 40 })],
  },
  build({ solid, unshadowing, sheer }) {
    unshadowing.paint('#9aa58c', { pattern: 'grass' }).floor(0, 0, -30, 160, 120);
    unshadowing.paint('#b7b3a8', { pattern: 'concrete' }).floor(-0.8, 0.01, -30, 1.7, 120);
    const [z0, z1] = [12, -46];
    for (let z = z0; z >= z1; z -= 2.9) {
      solid.paint('#e2e4e4').box(2.6, 0, z, 0.09, 2.6, 0.09);
      solid.place({ at: [2.6, 2.55, z], roll: 0.7 }, () => solid.box(0, 0, 0, 0.06, 0.5, 0.06));
    }
    solid
      .paint('#d5d8d8')
      .box(2.6, 2.5, (z0 + z1) / 2, 0.05, 0.05, z0 - z1)
      .box(2.6, 0.06, (z0 + z1) / 2, 0.05, 0.05, z0 - z1);
    for (const [x, y] of [
      [2.45, 2.72],
      [2.36, 2.82],
      [2.28, 2.92],
    ])
      solid.paint('#c6caca').box(x, y, (z0 + z1) / 2, 0.018, 0.018, z0 - z1);
    sheer
      .paint('#d6dada', { pattern: 'wire' })
      .quad([2.6, 0.06, z0], [2.6, 0.06, z1], [2.6, 2.5, z1], [2.6, 2.5, z0]);
    solid.paint('#f2f2f0').box(2.52, 1.25, -1.3, 0.03, 0.5, 0.75);
    solid.paint('#3a3a3a').box(2.5, 1.52, -1.3, 0.03, 0.1, 0.56).box(2.5, 1.36, -1.3, 0.03, 0.06, 0.4);
    const random = seeded(21);
    for (let index = 0; index < 24; index += 1)
      tree(solid, {
        at: [7 + random(index) * 22, 0, 6 - index * 2.4],
        size: 0.8 + random(index + 40) * 1.4,
        colour: '#8a9c80',
      });
    for (let index = 0; index < 10; index += 1)
      tree(solid, {
        at: [-11 - random(index + 80) * 12, 0, -4 - index * 4.5],
        size: 1.2 + random(index + 60),
        colour: '#8a9c80',
      });
    solid.paint('#c9ccca', { pattern: 'corrugated' }).box(-13.5, 0, -12, 8, 4, 14);
    for (let index = 0; index < 60; index += 1) {
      const [x, z] = [3.2 + random(index + 200) * 3, 8 - random(index + 300) * 24];
      solid.paint(mixHex('#a9b39a', '#6d775f', random(index)));
      solid.place({ at: [x, 0, z], turn: random(index) * 6 }, () =>
        solid.extrude(
          [
            [-0.1, 0],
            [0.1, 0],
            [0.02, 0.35 + random(index) * 0.3],
          ],
          0.02,
        ),
      );
    }
    for (const [x, z, size] of [
      [-4.4, -2.4, 0.5],
      [-5.6, -4.2, 0.7],
      [-3.9, -9, 0.6],
    ])
      tree(solid, { at: [x, -1 * size, z], size, colour: '#8a9c80' });
  },
  animate(mesh, phase) {
    const patrol = along(
      [
        [-0.8, 6],
        [-0.8, -26],
        [-1.0, -26],
        [-1.0, 6],
      ],
      phase + 0.05,
    );
    person(mesh, {
      at: [patrol.x, 0, patrol.z],
      turn: patrol.turn,
      stride: phase * tau * 32,
      jacket: '#d8d8d8',
      trousers: '#777777',
      vest: true,
    });
    // A fox trots along the far side of the fence and out of the picture.
    const trot = (phase - 0.35) / 0.4;
    if (trot > 0 && trot < 1)
      fox(mesh, {
        at: [4.2 + 0.5 * Math.sin(trot * 5), 0, -15 + trot * 26],
        turn: 0.1 * Math.cos(trot * 5),
        stride: trot * tau * 26,
      });
  },
};

function fox(mesh, { at, turn, stride }) {
  mesh.place({ at, turn }, () => {
    mesh.paint('#b9b3a8');
    mesh.place({ at: [0, 0.38, 0], size: [0.7, 0.8, 2.2] }, () => mesh.sphere(0, 0, 0, 0.17));
    mesh.place({ at: [0, 0.5, 0.44], size: [0.9, 0.9, 1.2] }, () => mesh.sphere(0, 0, 0, 0.11));
    mesh.place({ at: [0, 0.46, 0.6], size: [0.5, 0.5, 1.3] }, () => mesh.sphere(0, 0, 0, 0.09));
    for (const side of [-0.06, 0.06])
      mesh.cylinder(side, 0.56, 0.42, { radius: 0.04, top: 0.005, height: 0.12, sides: 8 });
    mesh.place({ at: [0, 0.36, -0.5], pitch: -0.25, size: [0.6, 0.6, 2.2] }, () =>
      mesh.sphere(0, 0, 0, 0.12),
    );
    for (const [index, [x, z]] of [
      [-0.08, 0.26],
      [0.08, 0.26],
      [-0.08, -0.26],
      [0.08, -0.26],
    ].entries()) {
      mesh.place({ at: [x, 0.34, z], pitch: Math.sin(stride + (index % 3 === 0 ? 0 : Math.PI)) * 0.5 }, () =>
        mesh.cylinder(0, -0.33, 0, { radius: 0.025, top: 0.04, height: 0.33, sides: 8 }),
      );
    }
  });
}
