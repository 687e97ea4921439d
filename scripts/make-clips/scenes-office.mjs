/** Scenes inside the office building: corridor, server room, canteen, reception. */

import { direction, lamp, light } from './look.mjs';
import { along, mixHex, person, plant, seeded } from './props.mjs';

const tau = 2 * Math.PI;

export const corridor = {
  camera: { eye: [1.05, 2.75, 7.4], target: [-0.1, 1.15, -3], degrees: 50 },
  look: {
    sunDirection: direction(0.1, 1, 0.25),
    sunColour: light('#ffffff', 0.6),
    skyColour: light('#dff1f0', 0.5),
    groundColour: light('#a8c9c8', 0.5),
    shadowArea: { centre: [0, 0, -4], radius: 14 },
    shadowSoftness: 3,
    mirror: true,
    exposure: 1,
    lamps: [4, 0, -4, -8, -12].map((z) => lamp([0, 2.85, z], light('#f6ffff', 2.6), { reach: 7 })),
  },
  build({ solid, unshadowing }) {
    unshadowing.paint('#a9c8c6', { pattern: 'tiles', gloss: 0.7 }).floor(0, 0, -6, 4, 34);
    unshadowing.paint('#eef3f1').box(-1.95, 0, -6, 0.1, 3.2, 34).box(1.95, 0, -6, 0.1, 3.2, 34);
    unshadowing.paint('#0f8a86').box(-1.89, 0, -6, 0.03, 1.05, 34).box(1.89, 0, -6, 0.03, 1.05, 34);
    unshadowing.paint('#f4f6f5').box(-1.87, 1.05, -6, 0.06, 0.07, 34).box(1.87, 1.05, -6, 0.06, 0.07, 34);
    unshadowing.paint('#f2f5f4', { pattern: 'panels' }).box(0, 3.1, -6, 4, 0.1, 34);
    unshadowing.paint('#e6efed').box(0, 0, -20, 4, 3.2, 0.1);
    unshadowing.paint('#dff2ff', { glow: 1.5 }).box(0, 0.9, -19.9, 2.2, 1.7, 0.05);
    unshadowing.paint('#0f8a86').box(0, 0.9, -19.85, 0.07, 1.7, 0.05).box(0, 1.75, -19.85, 2.2, 0.07, 0.05);
    for (const z of [4, 0, -4, -8, -12, -16]) {
      unshadowing.paint('#ffffff', { glow: 2.4 }).box(0, 3.06, z, 1.1, 0.05, 1.1);
      for (const side of [-1, 1]) {
        unshadowing.paint('#f7f8f7').box(side * 1.86, 0, z - 2, 0.1, 2.2, 1.2);
        unshadowing
          .paint(side === 1 ? '#c99b62' : '#d3a86e', { pattern: 'planks', gloss: 0.2 })
          .box(side * 1.82, 0, z - 2, 0.08, 2.1, 1.0);
        unshadowing.paint('#5d6a6a', { gloss: 0.7 }).box(side * 1.75, 1, z - 2.38, 0.06, 0.04, 0.16);
        unshadowing.paint('#ffffff').box(side * 1.87, 1.5, z - 1.1, 0.03, 0.18, 0.34);
      }
    }
    solid.paint('#d33a2e', { gloss: 0.5 }).cylinder(-1.68, 0.7, 1.6, { radius: 0.09, height: 0.5 });
    plant(solid, { at: [1.5, 0, 0.3], size: 0.85 });
    plant(solid, { at: [-1.5, 0, -8.2], size: 0.85 });
    solid
      .paint('#3b4a52')
      .box(-1.62, 0.42, -4, 0.48, 0.08, 1.5)
      .box(-1.62, 0, -4.6, 0.4, 0.42, 0.06)
      .box(-1.62, 0, -3.4, 0.4, 0.42, 0.06);
    unshadowing.paint('#1f9a4d', { glow: 1.2 }).box(0, 2.72, -9.8, 0.7, 0.26, 0.06);
    unshadowing.paint('#ffffff', { glow: 1.4 }).box(-0.12, 2.8, -9.76, 0.22, 0.08, 0.02);
  },
  animate(mesh, phase) {
    const first = along(
      [
        [0.6, -18.5],
        [0.5, 4.4],
        [0.2, 4.4],
        [0.3, -18.5],
      ],
      phase,
    );
    person(mesh, {
      at: [first.x, 0, first.z],
      turn: first.turn,
      stride: phase * tau * 34,
      jacket: '#28415f',
      trousers: '#2a2d34',
    });
    const second = along(
      [
        [-0.7, 2.4],
        [-0.6, -17.5],
        [-0.9, -17.5],
        [-0.9, 2.4],
      ],
      phase + 0.04,
    );
    person(mesh, {
      at: [second.x, 0, second.z],
      turn: second.turn,
      stride: phase * tau * 30,
      jacket: '#c65a6e',
      trousers: '#39404e',
      tall: 0.94,
    });
  },
};

export const serverRoom = {
  camera: { eye: [-0.05, 2.85, 7.6], target: [-0.3, 1.05, -3], degrees: 50 },
  look: {
    sunDirection: direction(0.2, 1, 0.4),
    sunColour: light('#a9c6ff', 0.4),
    skyColour: light('#6f93e0', 0.4),
    groundColour: light('#274a86', 0.26),
    horizonColour: light('#0a1226', 0.6),
    zenithColour: light('#0a1226', 0.6),
    fog: [...light('#14284f', 0.7), 0.02],
    shadowArea: { centre: [0, 0, -3], radius: 12 },
    shadowSoftness: 2.6,
    mirror: true,
    exposure: 1.4,
    vignette: 0.5,
    lamps: [
      [-0.2, 4],
      [-0.2, 0],
      [-0.2, -4],
      [-0.2, -8],
      [3.2, 2],
      [3.2, -4],
    ].map(([x, z]) => lamp([x, 2.95, z], light('#bcd6ff', 2.4), { reach: 7 })),
  },
  build({ solid, unshadowing }) {
    unshadowing.paint('#5a6f96', { pattern: 'tiles', gloss: 0.8 }).floor(0, 0, -4, 22, 34);
    unshadowing.paint('#31436a').box(-7, 0, -4, 0.2, 4, 34).box(0, 0, -15, 22, 4, 0.2);
    unshadowing.paint('#24345a', { pattern: 'panels' }).box(0, 3.5, -4, 22, 0.1, 34);
    for (const z of [4, 0, -4, -8, -12])
      unshadowing.paint('#dbe9ff', { glow: 3 }).box(-0.2, 3.42, z, 0.24, 0.06, 2.6);
    const random = seeded(3);
    for (const [row, x] of [
      [0, -2.4],
      [1, 1.9],
    ]) {
      for (let index = 0; index < 9; index += 1) {
        const z = 3.2 - index * 1.35;
        const face = row === 0 ? x + 0.61 : x - 0.61;
        solid.paint('#1b2233', { gloss: 0.5 }).box(x, 0, z, 1.2, 2.5, 1.3);
        solid.paint('#0d121d', { gloss: 0.7 }).box(face, 0.12, z, 0.03, 2.26, 1.16);
        for (let unit = 0; unit < 13; unit += 1) {
          const key = row * 500 + index * 20 + unit;
          if (random(key) < 0.15) continue;
          const tone = mixHex('#2b3650', '#46587e', random(key + 3));
          solid
            .paint(tone, { gloss: 0.5 })
            .box(face + (row === 0 ? 0.015 : -0.015), 0.2 + unit * 0.165, z, 0.03, 0.135, 1.06);
          solid
            .paint(random(key + 9) < 0.8 ? '#3fe0a0' : '#4aa8ff', { glow: 1.8 })
            .box(face + (row === 0 ? 0.034 : -0.034), 0.25 + unit * 0.165, z - 0.44, 0.01, 0.035, 0.05);
        }
      }
    }
    for (const x of [-2.4, 1.9]) solid.paint('#e0a63a', { gloss: 0.3 }).box(x, 2.85, -2.2, 0.5, 0.1, 14);
    solid.paint('#2a3a60').box(5.2, 0, -6, 1.6, 2.4, 3);
    solid.paint('#e8edf6', { gloss: 0.3 }).box(5.2, 0, 0.4, 1.4, 2.3, 2.2);
    solid.paint('#3f7fd8', { glow: 1.5 }).box(4.48, 1.5, 0.4, 0.03, 0.4, 0.7);
  },
  animate(mesh, phase) {
    // Disk activity: a few lamps blink at whole multiples of the loop.
    const random = seeded(44);
    for (let column = 0; column < 9; column += 1) {
      mesh.place({}, () => {
        for (let unit = 0; unit < 13; unit += 1) {
          const key = column * 20 + unit;
          if (random(key) > 0.5) continue;
          const on = Math.sin(phase * tau * (12 + Math.floor(random(key + 5) * 40)) + key) > 0.1;
          if (on)
            mesh
              .paint(random(key + 8) < 0.75 ? '#7dff9a' : '#ffb84a', { glow: 3.2 })
              .box(
                -1.752,
                0.25 + unit * 0.165,
                3.2 - column * 1.35 - 0.3 + random(key + 2) * 0.5,
                0.012,
                0.04,
                0.05,
              );
        }
      });
    }
    const walk = along(
      [
        [0.2, -11],
        [-0.1, 4.6],
        [-0.6, 4.4],
        [-0.5, -11],
      ],
      phase + 0.05,
    );
    person(mesh, {
      at: [walk.x, 0, walk.z],
      turn: walk.turn,
      stride: phase * tau * 26,
      jacket: '#d9dee8',
      trousers: '#2a3450',
    });
  },
};

export const canteen = {
  camera: { eye: [-6.6, 4.3, 6.6], target: [0.6, 0.5, -1.4], degrees: 54 },
  look: {
    sunDirection: direction(0.65, 0.75, -0.25),
    sunColour: light('#ffe2b8', 1.5),
    skyColour: light('#fff0dc', 0.5),
    groundColour: light('#b88a5a', 0.45),
    horizonColour: light('#fff6e8', 1.2),
    zenithColour: light('#cfe4f6', 1.2),
    shadowArea: { centre: [0, 0, -1], radius: 12 },
    shadowSoftness: 1.6,
    mirror: true,
    exposure: 0.92,
    tint: [1.02, 1, 0.96],
    lamps: [
      [-3.4, -3.2],
      [0.6, -3.2],
      [4.6, -3.2],
      [-1.4, 1],
      [2.6, 1],
    ].map(([x, z]) => lamp([x, 2.2, z], light('#ffd9a0', 1.7), { reach: 5 })),
  },
  build({ solid, unshadowing }) {
    unshadowing.paint('#b07b48', { pattern: 'planks', gloss: 0.4 }).floor(0, 0, 0, 34, 26);
    unshadowing.paint('#f3e6d2').box(0, 0, -7, 34, 5, 0.2);
    unshadowing.paint('#d9694a').box(-4.8, 0, -6.88, 9.6, 5, 0.05);
    // Windows on the right let the sun in.
    for (const z of [-5.4, -1.8, 1.8, 5.4]) solid.paint('#6b4a32').box(9.4, 0, z, 0.2, 5, 0.2);
    for (const y of [0, 2.4, 4.8]) solid.paint('#6b4a32').box(9.4, y, 0, 0.2, 0.16, 14);
    // Counter with shelves.
    solid.paint('#7a4f30', { pattern: 'planks' }).box(-4.6, 0, -5.4, 7, 1.05, 1);
    solid.paint('#f1ede4', { gloss: 0.5 }).box(-4.6, 1.05, -5.4, 7.2, 0.08, 1.15);
    solid.paint('#20303a', { gloss: 0.9 }).box(-6.4, 1.13, -5.5, 2, 0.5, 0.7);
    solid.paint('#c9ced2', { gloss: 0.7 }).box(-3.2, 1.13, -5.5, 0.7, 0.65, 0.55);
    const random = seeded(9);
    for (const y of [1.9, 2.6]) {
      unshadowing.paint('#7a4f30').box(-4.6, y, -6.7, 6.4, 0.06, 0.35);
      for (let jar = 0; jar < 22; jar += 1)
        unshadowing
          .paint(
            ['#f2c14e', '#5b8f6a', '#e8e2d4', '#b8503a', '#3f7f9a'][Math.floor(random(jar + y * 9) * 5)],
            { gloss: 0.5 },
          )
          .cylinder(-7.6 + jar * 0.28, y + 0.06, -6.7, { radius: 0.085, height: 0.22 + random(jar) * 0.16 });
    }
    const tables = [
      [-3.4, -1.8],
      [0.6, -2.9],
      [4.6, -2.4],
      [-1.2, 1.3],
      [3.2, 1.4],
      [6.8, 0.8],
    ];
    for (const [index, [x, z]] of tables.entries()) {
      solid
        .paint('#e0b988', { pattern: 'plain', gloss: 0.4 })
        .cylinder(x, 0.72, z, { radius: 0.78, height: 0.05, sides: 32 });
      solid
        .paint('#33302e')
        .cylinder(x, 0, z, { radius: 0.05, height: 0.72 })
        .cylinder(x, 0, z, { radius: 0.36, height: 0.03 });
      for (let seat = 0; seat < 3; seat += 1)
        chair(solid, {
          x,
          z,
          angle: index + (seat * tau) / 3,
          colour: ['#2f7f86', '#d9694a', '#e0a63a'][(index + seat) % 3],
        });
      solid
        .paint('#ffffff', { gloss: 0.6 })
        .cylinder(x + 0.25, 0.77, z + 0.1, { radius: 0.06, height: 0.11 });
      solid.cylinder(x - 0.25, 0.77, z - 0.2, { radius: 0.16, height: 0.02 });
    }
    for (const [x, z] of [
      [-3.4, -1.8],
      [0.6, -2.9],
      [4.6, -2.4],
      [-1.2, 1.3],
      [3.2, 1.4],
    ]) {
      unshadowing.paint('#2b2724').cylinder(x, 2.6, z, { radius: 0.012, height: 2.4 });
      unshadowing
        .paint('#22343a', { gloss: 0.4 })
        .cylinder(x, 2.35, z, { radius: 0.3, top: 0.08, height: 0.28 });
      unshadowing.paint('#ffdca0', { glow: 3 }).sphere(x, 2.36, z, 0.11);
    }
    for (const [x, z, size] of [
      [8.4, -5.6, 1.5],
      [8.5, 4, 1.3],
      [-0.4, -6.2, 1.3],
    ])
      plant(solid, { at: [x, 0, z], size });
    person(solid, { at: [4.6, -0.03, -3.35], seated: true, jacket: '#5b7fa8', trousers: '#34323a' });
  },
  animate(mesh, phase) {
    const sway = (rate, shift) => Math.sin(phase * tau * rate + shift) * 0.16;
    person(mesh, {
      at: [0.6, -0.03, -3.8],
      turn: sway(2, 0),
      seated: true,
      jacket: '#7a9a5a',
      trousers: '#3a3540',
    });
    person(mesh, {
      at: [3.2, -0.03, 2.3],
      turn: Math.PI + sway(3, 1),
      seated: true,
      jacket: '#c24f5c',
      trousers: '#2f3848',
      tall: 0.96,
    });
    person(mesh, { at: [-4.6, 0, -6.05], turn: sway(2, 2) * 2, jacket: '#f2efe8', trousers: '#2b2b30' });
    const walk = along(
      [
        [-2.6, -4.1],
        [2.6, -0.6],
        [5.2, 0.2],
        [5, 0.5],
        [2.4, -0.2],
        [-2.8, -3.8],
      ],
      phase + 0.1,
    );
    person(mesh, {
      at: [walk.x, 0, walk.z],
      turn: walk.turn,
      stride: phase * tau * 20,
      jacket: '#e0a63a',
      trousers: '#3b3f4a',
    });
    const other = along(
      [
        [-5.2, 1.4],
        [-5, -3.8],
        [-4.6, -3.8],
        [-4.7, 1.4],
      ],
      phase + 0.6,
    );
    person(mesh, {
      at: [other.x, 0, other.z],
      turn: other.turn,
      stride: phase * tau * 14,
      jacket: '#3f6f8f',
      trousers: '#2a2a2f',
    });
  },
};

function chair(mesh, { x, z, angle, colour }) {
  mesh.place(
    { at: [x + Math.sin(angle) * 0.98, 0, z + Math.cos(angle) * 0.98], turn: angle + Math.PI },
    () => {
      mesh.paint(colour, { gloss: 0.3 }).box(0, 0.43, 0, 0.42, 0.05, 0.42).box(0, 0.62, -0.2, 0.4, 0.3, 0.04);
      mesh.paint('#3b3532');
      for (const [dx, dz] of [
        [-0.18, -0.18],
        [0.18, -0.18],
        [-0.18, 0.18],
        [0.18, 0.18],
      ])
        mesh.box(dx, 0, dz, 0.035, 0.44, 0.035);
      for (const dx of [-0.17, 0.17]) mesh.box(dx, 0.45, -0.2, 0.03, 0.3, 0.03);
    },
  );
}

export const reception = {
  camera: { eye: [5.6, 3.9, 7.4], target: [-0.8, 0.9, -1.6], degrees: 50 },
  look: {
    sunDirection: direction(0.35, 0.9, 0.5),
    sunColour: light('#fff8ee', 1.15),
    skyColour: light('#f4f0f6', 0.55),
    groundColour: light('#c4bccb', 0.5),
    horizonColour: light('#f4f2f6', 1.2),
    zenithColour: light('#e4eaf4', 1.2),
    shadowArea: { centre: [0, 0, -1], radius: 11 },
    shadowSoftness: 2.6,
    mirror: true,
    exposure: 0.92,
    lamps: [
      [-3, -3],
      [0, -3],
      [3, -3],
    ].map(([x, z]) => lamp([x, 3, z], light('#fff4e4', 1.6), { reach: 6 })),
  },
  build({ solid, unshadowing }) {
    unshadowing.paint('#d9d3dc', { pattern: 'tiles', gloss: 0.75 }).floor(0, 0, 0, 30, 26);
    unshadowing.paint('#f6f4f7').box(0, 0, -6, 30, 6, 0.2);
    unshadowing.paint('#5b3f86').box(-1.6, 0, -5.87, 7.4, 6, 0.06);
    for (let slat = 0; slat < 30; slat += 1)
      unshadowing.paint(slat % 2 === 0 ? '#c99a64' : '#bb8a54').box(3.2 + slat * 0.2, 0, -5.84, 0.11, 6, 0.1);
    unshadowing.paint('#f6f4f7').box(-8.6, 0, 0, 0.2, 6, 26);
    for (const z of [-3.6, 0.2, 4]) {
      unshadowing.paint('#d6e9f8', { glow: 1.15 }).box(-8.46, 0.3, z, 0.06, 3.4, 3.2);
      for (const offset of [-1.6, 0, 1.6])
        unshadowing.paint('#4b4653').box(-8.4, 0.2, z + offset, 0.08, 3.6, 0.08);
    }
    // Logo: three discs on the violet wall.
    for (const [index, x] of [-2.3, -1.6, -0.9].entries())
      unshadowing.place({ at: [x, 2.9, -5.82], pitch: Math.PI / 2 }, () =>
        unshadowing
          .paint(['#f2c14e', '#ffffff', '#ef8a6a'][index], { glow: 1.1 })
          .cylinder(0, 0, 0, { radius: 0.42, height: 0.05, sides: 36 }),
      );
    // Desk.
    solid.paint('#ffffff', { gloss: 0.5 }).box(-1.6, 0, -3, 4.4, 1.08, 0.7);
    solid.paint('#c99a64', { pattern: 'planks', gloss: 0.3 }).box(-1.6, 0.16, -2.63, 4.0, 0.76, 0.06);
    solid.paint('#f8f7fa', { gloss: 0.5 }).box(-1.6, 1.08, -2.95, 4.7, 0.07, 0.95);
    unshadowing.paint('#f2c14e', { glow: 1.8 }).box(-1.6, 0.08, -2.62, 4.0, 0.04, 0.04);
    solid
      .paint('#22242a', { gloss: 0.6 })
      .box(-2.5, 1.2, -3.1, 0.7, 0.42, 0.04)
      .box(-0.7, 1.2, -3.1, 0.7, 0.42, 0.04);
    // Lounge.
    solid
      .paint('#7a5fae', { gloss: 0.1 })
      .box(-6.8, 0.14, 2.2, 1, 0.3, 2.8)
      .box(-7.2, 0.3, 2.2, 0.28, 0.62, 2.8)
      .box(-6.8, 0.3, 0.85, 1, 0.34, 0.22)
      .box(-6.8, 0.3, 3.55, 1, 0.34, 0.22);
    solid
      .paint('#efe9f2', { gloss: 0.6 })
      .cylinder(-4.9, 0.36, 2.2, { radius: 0.6, height: 0.05, sides: 30 });
    solid.paint('#c9a24a', { gloss: 0.7 }).cylinder(-4.9, 0, 2.2, { radius: 0.05, height: 0.36 });
    unshadowing.paint('#efe6f6').floor(-5.6, 0.008, 2.2, 3.8, 4);
    solid.paint('#e58f6f', { gloss: 0.1 }).cylinder(-4.3, 0, 4.3, { radius: 0.45, height: 0.42 });
    for (const [x, z, size] of [
      [-7.7, -4.9, 1.7],
      [2.3, -5, 1.5],
      [-7.7, 5, 1.5],
      [6.8, -4.6, 1.7],
    ])
      plant(solid, { at: [x, 0, z], size });
    // Turnstiles.
    for (const x of [3.4, 4.6, 5.8]) {
      solid.paint('#dfe2e6', { gloss: 0.7 }).box(x, 0, -2.6, 0.28, 1, 1.5);
      solid.paint('#32c06a', { glow: 1.8 }).box(x, 0.92, -1.83, 0.16, 0.05, 0.02);
    }
  },
  animate(mesh, phase) {
    person(mesh, {
      at: [-2.4, 0, -3.9],
      turn: Math.sin(phase * tau * 2) * 0.35,
      jacket: '#2c2f45',
      trousers: '#23242b',
    });
    person(mesh, {
      at: [-0.9, 0, -1.8],
      turn: Math.PI + Math.sin(phase * tau) * 0.2,
      jacket: '#c2a07a',
      trousers: '#3c4250',
    });
    const walk = along(
      [
        [5.2, 5.4],
        [4.1, -2],
        [4, -5],
        [5.2, -5.1],
        [5.2, -2],
        [5.9, 5.4],
      ],
      phase + 0.35,
    );
    person(mesh, {
      at: [walk.x, 0, walk.z],
      turn: walk.turn,
      stride: phase * tau * 24,
      jacket: '#3a6fb0',
      trousers: '#2a2d36',
    });
    person(mesh, {
      at: [-6.75, -0.06, 2.6],
      turn: Math.PI / 2 + Math.sin(phase * tau * 3) * 0.12,
      seated: true,
      jacket: '#e0b04a',
      trousers: '#3b3440',
    });
    const guest = along(
      [
        [1.8, 4.6],
        [-2.2, 0.4],
        [-2.5, 0.7],
        [1.5, 4.9],
      ],
      phase,
    );
    person(mesh, {
      at: [guest.x, 0, guest.z],
      turn: guest.turn,
      stride: phase * tau * 14,
      jacket: '#b8505c',
      trousers: '#46424e',
      tall: 0.96,
    });
  },
};
