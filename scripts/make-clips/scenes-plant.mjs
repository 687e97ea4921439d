/** Scenes of production and building: workshop, warehouse aisle, roof, pump room. */

import { direction, lamp, light } from './look.mjs';
import { along, forklift, mixHex, pallet, person, pulse, rack, seeded } from './props.mjs';

const tau = 2 * Math.PI;

export const workshop = {
  camera: { eye: [7.4, 4.6, 7.6], target: [-0.8, 0.8, -1.2], degrees: 52 },
  look: {
    sunDirection: direction(-0.3, 1, 0.35),
    sunColour: light('#ffe6c4', 0.95),
    skyColour: light('#e2c9a6', 0.42),
    groundColour: light('#8a6a4a', 0.4),
    horizonColour: light('#d8c4a4', 0.8),
    shadowArea: { centre: [0, 0, 0], radius: 12 },
    shadowSoftness: 2.6,
    exposure: 1.05,
    mirror: true,
    tint: [1.02, 1, 0.95],
    lamps: [
      lamp([-3.4, 3.4, -2.2], light('#fff0d8', 6), { reach: 8 }),
      lamp([3, 3.6, -4], light('#fff0d8', 5), { reach: 9 }),
    ],
  },
  build({ solid, unshadowing }) {
    unshadowing.paint('#a56a3a', { pattern: 'concrete', gloss: 0.35 }).floor(0, 0, 0, 40, 30);
    unshadowing.paint('#e3d6bd', { pattern: 'brick' }).box(0, 0, -7, 40, 8, 0.3);
    unshadowing.paint('#d9cbb0', { pattern: 'brick' }).box(-10, 0, 0, 0.3, 8, 30);
    unshadowing.paint('#7c4a2a').box(0, 0, -6.83, 40, 1.2, 0.05).box(-9.83, 0, 0, 0.05, 1.2, 30);
    for (let window = 0; window < 6; window += 1) {
      const x = -8 + window * 3.7;
      unshadowing.paint('#f8fbff', { glow: 1.35 }).box(x, 3.2, -6.82, 2.9, 1.9, 0.06);
      for (const offset of [-1.45, -0.48, 0.48, 1.45])
        unshadowing.paint('#57483c').box(x + offset, 3.1, -6.78, 0.09, 2.1, 0.08);
      unshadowing.box(x, 4.1, -6.78, 2.9, 0.07, 0.08);
    }
    unshadowing.paint('#e9c33b').floor(0, 0.006, 3.6, 40, 0.12).floor(0, 0.006, 5.4, 40, 0.12);
    // Two machining centres.
    for (const [x, colour] of [
      [-6.6, '#3e7f8f'],
      [-2.4, '#3e7f8f'],
    ]) {
      solid.paint('#e9ebe8', { gloss: 0.4 }).box(x, 0, -4.6, 3.2, 2.4, 2.2);
      solid
        .paint(colour, { gloss: 0.4 })
        .box(x, 0, -3.48, 3.22, 0.7, 0.1)
        .box(x, 2.15, -3.48, 3.22, 0.28, 0.1);
      solid.paint('#18222a', { gloss: 0.9 }).box(x - 0.45, 0.85, -3.47, 1.7, 1.2, 0.06);
      solid.paint('#2b2f33').box(x + 1.05, 1.05, -3.4, 0.7, 0.95, 0.16);
      solid.paint('#7fd0e8', { glow: 1.3 }).box(x + 1.05, 1.5, -3.3, 0.5, 0.36, 0.02);
      solid.paint('#c9423a').cylinder(x + 1.05, 1.2, -3.26, { radius: 0.05, height: 0.05 });
    }
    // Robot cell: base, table, guard posts.
    solid.paint('#4d5358', { gloss: 0.3 }).cylinder(2.6, 0, -1.8, { radius: 0.62, height: 0.3 });
    solid.paint('#55606a', { gloss: 0.3 }).box(4.9, 0, -2.4, 1.5, 0.8, 1.2).box(1.2, 0, 0.2, 1.4, 0.75, 1.0);
    for (const [x, z] of [
      [0.2, -4],
      [0.2, 1.2],
      [6.3, -4],
      [6.3, 1.2],
      [3.2, 1.2],
      [0.2, -1.4],
      [6.3, -1.4],
    ])
      solid.paint('#e5b92e').box(x, 0, z, 0.08, 1.5, 0.08);
    for (const y of [0.5, 1.0, 1.45]) {
      solid.paint('#e5b92e').box(0.2, y, -1.4, 0.05, 0.05, 5.2).box(6.3, y, -1.4, 0.05, 0.05, 5.2);
      solid.box(1.7, y, 1.2, 3, 0.05, 0.05);
    }
    // Work bench, tool wall, drums.
    solid.paint('#a8743f', { pattern: 'planks' }).box(-7.9, 0.86, 1.1, 1.1, 0.1, 4.4);
    for (const z of [-0.8, 3]) solid.paint('#3f5f6f').box(-7.9, 0, z, 1, 0.86, 0.5);
    unshadowing.paint('#405a66').box(-9.76, 1.5, 1.1, 0.06, 1.5, 4.2);
    const random = seeded(7);
    for (let tool = 0; tool < 26; tool += 1)
      unshadowing
        .paint(['#c8cdd0', '#d2452f', '#e0b12f', '#2b2f33'][tool % 4])
        .box(
          -9.7,
          1.7 + Math.floor(tool / 13) * 0.65,
          -0.7 + (tool % 13) * 0.3,
          0.04,
          0.2 + random(tool) * 0.3,
          0.07,
        );
    for (const [x, z, colour] of [
      [7.6, -5.4, '#2f6f9f'],
      [8.5, -5.3, '#2f6f9f'],
      [8, -4.6, '#b8432f'],
    ])
      solid.paint(colour, { gloss: 0.4 }).cylinder(x, 0, z, { radius: 0.38, height: 1.05 });
    pallet(solid, { at: [4.8, 0, 4.4], layers: 1, colour: '#8a8f96' });
  },
  animate(mesh, phase) {
    const swing = pulse(phase, { from: 0.08, up: 0.26, down: 0.56, to: 0.76 });
    const near = (moment) => Math.exp(-700 * (((phase - moment + 1.5) % 1) - 0.5) ** 2);
    const dip = Math.max(near(0.02), near(0.41));
    mesh.place({ at: [2.6, 0.3, -1.8], turn: 1.65 - swing * 2.3 }, () => {
      mesh.paint('#ee7a22', { gloss: 0.6 }).cylinder(0, 0, 0, { radius: 0.46, top: 0.36, height: 0.5 });
      mesh.place({ at: [0, 0.62, 0], pitch: 0.28 + dip * 0.34 }, () => {
        mesh.place({ roll: Math.PI / 2 }, () => mesh.cylinder(0, -0.32, 0, { radius: 0.27, height: 0.64 }));
        mesh.box(0, 0, 0, 0.34, 1.25, 0.36);
        mesh.place({ at: [0, 1.28, 0], pitch: 1.25 + dip * 0.2 }, () => {
          mesh.place({ roll: Math.PI / 2 }, () => mesh.cylinder(0, -0.26, 0, { radius: 0.22, height: 0.52 }));
          mesh.cylinder(0, 0, 0, { radius: 0.17, top: 0.12, height: 1.15 });
          mesh.place({ at: [0, 1.2, 0], pitch: 1.5 - dip * 0.5 }, () => {
            mesh.paint('#2b2f33').sphere(0, 0, 0, 0.15).cylinder(0, 0, 0, { radius: 0.08, height: 0.34 });
            mesh.box(-0.12, 0.32, 0, 0.05, 0.2, 0.12).box(0.12, 0.32, 0, 0.05, 0.2, 0.12);
            if (phase > 0.03 && phase < 0.41)
              mesh.paint('#aeb6bc', { gloss: 0.7 }).box(0, 0.36, 0, 0.2, 0.26, 0.26);
          });
        });
      });
    });
    const walk = along(
      [
        [-6.8, 2.4],
        [5.6, 4.7],
        [5.6, 4.2],
        [-6.2, 2.1],
      ],
      phase,
    );
    person(mesh, {
      at: [walk.x, 0, walk.z],
      turn: walk.turn,
      stride: phase * tau * 26,
      jacket: '#2f5f9f',
      trousers: '#2f5f9f',
      helmet: '#e9c33b',
    });
    person(mesh, {
      at: [-6.9, 0, 0.3],
      turn: -Math.PI / 2,
      stride: Math.sin(phase * tau * 4) * 0.25,
      jacket: '#7a3f30',
      trousers: '#3f4652',
    });
    for (const x of [-6.6, -2.4])
      mesh.place({}, () =>
        mesh
          .paint(Math.floor(phase * 10 + (x < -4 ? 0 : 3)) % 5 === 0 ? '#e9c33b' : '#45c06a', { glow: 2.2 })
          .cylinder(x + 1.4, 2.4, -3.8, { radius: 0.07, height: 0.3 }),
      );
  },
};

export const warehouseAisle = {
  camera: { eye: [0.5, 4.1, 12], target: [-0.15, 1.5, -2], degrees: 50 },
  look: {
    sunDirection: direction(0.12, 1, 0.3),
    sunColour: light('#fffaf0', 0.9),
    skyColour: light('#d6dde6', 0.42),
    groundColour: light('#7f868f', 0.42),
    horizonColour: light('#5c6672', 0.5),
    zenithColour: light('#5c6672', 0.5),
    shadowArea: { centre: [0, 2, -4], radius: 18 },
    shadowSoftness: 2.4,
    mirror: true,
    exposure: 1.05,
    fog: [...light('#9fb0c2', 0.8), 0.012],
    lamps: [0, -8, -16, -24].map((z) => lamp([0, 6.4, z + 6], light('#fff4e2', 10), { reach: 14 })),
  },
  build({ solid, unshadowing }) {
    unshadowing.paint('#7d838b', { pattern: 'concrete', gloss: 0.5 }).floor(0, 0, -10, 40, 70);
    const random = seeded(31);
    const palette = ['#b98a58', '#c79a66', '#a87848', '#5f8fb0', '#b98a58', '#8fa07a', '#b86a4a', '#d7d3c8'];
    const loads = (seed) => (bay, level, side) => {
      const key = seed * 200 + bay * 20 + level * 3 + side;
      return random(key) < 0.14 ? undefined : palette[Math.floor(random(key + 7) * palette.length)];
    };
    rack(solid, { at: [-2.6, 0, 9], turn: Math.PI / 2, bays: 12, levels: 4, loads: loads(1) });
    rack(solid, { at: [2.6, 0, 9], turn: Math.PI / 2, bays: 12, levels: 4, loads: loads(2) });
    unshadowing.paint('#b9c2cb', { pattern: 'corrugated' }).box(0, 0, -26, 40, 10, 0.3);
    unshadowing.paint('#e3b82e').box(0, 0, -25.8, 4.2, 4, 0.1);
    unshadowing.paint('#6f7880').box(0, 0, -25.74, 3.8, 3.8, 0.1);
    unshadowing
      .paint('#e9c33b', { gloss: 0.3 })
      .floor(-1.85, 0.006, -8, 0.12, 40)
      .floor(1.85, 0.006, -8, 0.12, 40);
    unshadowing.paint('#d5dbe1', { pattern: 'panels' }).box(0, 7.9, -8, 40, 0.1, 50);
    for (const z of [6, 0, -6, -12, -18, -24])
      unshadowing.paint('#fffaf0', { glow: 3 }).box(0, 7.5, z, 0.35, 0.08, 3.4);
    for (const [x, number] of [
      [-2.02, 0],
      [2.02, 1],
    ]) {
      for (let bay = 0; bay < 12; bay += 2)
        unshadowing.paint(number === 0 ? '#f2f2ee' : '#f2d24a').box(x, 1.62, 9 - bay * 2.7, 0.03, 0.24, 0.34);
    }
  },
  animate(mesh, phase) {
    const path = along(
      [
        [0.7, -22],
        [0.5, 6.2],
        [-0.9, 6.0],
        [-0.7, -22],
      ],
      phase,
      0.05,
    );
    forklift(mesh, {
      at: [path.x, 0, path.z],
      turn: path.turn,
      spin: path.travelled,
      lift: 0.25,
      load: phase > 0.04 && phase < 0.5 ? { layers: 2, colour: '#5f8fb0' } : undefined,
      colour: '#cf3f2e',
    });
    const walk = along(
      [
        [-1.4, 3.4],
        [-1.4, -6],
        [-1.3, -6],
        [-1.3, 3.4],
      ],
      phase + 0.75,
    );
    person(mesh, {
      at: [walk.x, 0, walk.z],
      turn: walk.turn,
      stride: phase * tau * 20,
      jacket: '#dfe13c',
      helmet: '#f4f4f0',
      vest: true,
    });
  },
};

export const roof = {
  camera: { eye: [-8.6, 6.4, 10.2], target: [1.2, 0.9, -2.6], degrees: 48 },
  look: {
    sunDirection: direction(0.72, 0.62, 0.32),
    sunColour: light('#ffdcae', 2.2),
    skyColour: light('#b9cdf0', 0.6),
    groundColour: light('#9f8f86', 0.4),
    horizonColour: light('#f6d9b8', 1.1),
    zenithColour: light('#5b93d6', 0.95),
    cloud: [1.3, 2.2, 1, 1],
    fog: [...light('#efd6bc', 1), 0.004],
    shadowArea: { centre: [0, 0, -2], radius: 15 },
    shadowSoftness: 0.9,
    exposure: 0.8,
  },
  build({ solid, unshadowing }) {
    unshadowing.paint('#b9bcc2', { pattern: 'concrete' }).floor(0, 0, 1, 34, 30);
    solid.paint('#d7d3cb');
    solid.box(0, -4, -14, 34.6, 4.7, 0.5).box(-17, -4, 1, 0.5, 4.7, 30).box(17, -4, 1, 0.5, 4.7, 30);
    unshadowing.paint('#8f9aa6').floor(0, -14, -90, 320, 160);
    const random = seeded(17);
    for (let block = 0; block < 46; block += 1) {
      const [x, z] = [-95 + random(block) * 210, -46 - random(block + 60) * 90];
      const high = 5 + random(block + 120) * 16;
      unshadowing
        .paint(mixHex('#9db0c6', ['#c9a98e', '#d9d2c4', '#8296ad'][block % 3], 0.7))
        .box(x, -14, z, 7 + random(block + 9) * 11, high, 8);
    }
    // Air handlers with two fans each.
    for (const [x, z] of [
      [3.6, -4.6],
      [3.6, -9],
    ]) {
      solid.paint('#e4e7ea', { gloss: 0.35, pattern: 'corrugated' }).box(x, 0.3, z, 5, 1.8, 2.6);
      solid.paint('#56606b').box(x, 0, z, 4.6, 0.3, 2.2);
      solid.paint('#3b6fb5').box(x, 1.86, z + 1.31, 5, 0.18, 0.03);
      for (const offset of [-1.2, 1.2]) {
        solid.paint('#3d444c').cylinder(x + offset, 2.1, z, { radius: 0.98, height: 0.28, sides: 28 });
        solid.paint('#16191d').cylinder(x + offset, 2.38, z, { radius: 0.9, height: 0.01, sides: 28 });
      }
    }
    solid.paint('#c7ccd2', { gloss: 0.5 });
    solid.pipe(
      [
        [1.1, 1, -4.6],
        [-1.4, 1, -4.6],
        [-1.4, 1, -11],
        [-1.4, 0, -11],
      ],
      0.34,
    );
    solid.pipe(
      [
        [6.1, 0.8, -5],
        [8.4, 0.8, -5],
        [8.4, 0.8, -13.6],
      ],
      0.2,
    );
    for (let row = 0; row < 3; row += 1) {
      for (let panel = 0; panel < 4; panel += 1) {
        solid.place({ at: [-11.4 + panel * 2.02, 0.62, -2.2 - row * 3], pitch: 0.5 }, () => {
          solid.paint('#d9dde2').box(0, -0.04, 0, 1.94, 0.05, 1.7);
          solid.paint('#16325f', { gloss: 0.95 }).box(0, 0.012, 0, 1.84, 0.02, 1.6);
          solid.paint('#4a6fa8');
          for (const line of [-0.46, 0, 0.46]) solid.box(line, 0.034, 0, 0.02, 0.006, 1.6);
          for (const line of [-0.4, 0, 0.4]) solid.box(0, 0.034, line, 1.84, 0.006, 0.02);
        });
        solid.paint('#7c858e').box(-11.4 + panel * 2.02, 0, -2.8 - row * 3, 0.08, 0.9, 0.08);
      }
    }
    solid.paint('#c2502e', { gloss: 0.2 }).box(11.4, 0, -8.6, 4, 3, 4.4);
    solid.paint('#e8e6e0').box(11.4, 3, -8.6, 4.4, 0.2, 4.8);
    solid.paint('#39434d').box(10.2, 0, -6.36, 1.1, 2.2, 0.08);
    solid.paint('#d0d4d8').cylinder(14.6, 0, -3.4, { radius: 0.06, height: 5.4 });
    solid.box(14.6, 4.2, -3.4, 1.6, 0.05, 0.05).box(14.6, 4.8, -3.4, 1.1, 0.05, 0.05);
    for (let x = -16; x <= 16; x += 2) solid.paint('#e3b82e').box(x, 0.7, -13.8, 0.06, 0.9, 0.06);
    solid.paint('#e3b82e').box(0, 1.56, -13.8, 33, 0.06, 0.06).box(0, 1.14, -13.8, 33, 0.05, 0.05);
    unshadowing.paint('#d9b23a').floor(0.6, 0.006, 2.2, 26, 0.12).floor(0.6, 0.006, 3.6, 26, 0.12);
  },
  animate(mesh, phase) {
    for (const [index, [x, z]] of [
      [2.4, -4.6],
      [4.8, -4.6],
      [2.4, -9],
      [4.8, -9],
    ].entries()) {
      mesh.place({ at: [x, 2.4, z], turn: phase * tau * (index % 2 === 0 ? 14 : -17) }, () => {
        mesh.paint('#c9d0d6', { gloss: 0.5 });
        for (let blade = 0; blade < 5; blade += 1)
          mesh.place({ turn: (blade * tau) / 5 }, () =>
            mesh.place({ at: [0.47, 0, 0], pitch: 0.35 }, () => mesh.box(0, 0, 0, 0.74, 0.03, 0.3)),
          );
        mesh.paint('#e2b63a').cylinder(0, 0, 0, { radius: 0.15, height: 0.09 });
      });
    }
    const walk = along(
      [
        [-5, 2.9],
        [10, 2.9],
        [10, 3.1],
        [-5, 3.1],
      ],
      phase + 0.15,
    );
    person(mesh, {
      at: [walk.x, 0, walk.z],
      turn: walk.turn,
      stride: phase * tau * 24,
      jacket: '#ef7d1a',
      trousers: '#39434d',
      helmet: '#f4f4f0',
      vest: true,
    });
    mesh.place({ at: [14.6, 5.3, -3.4], turn: phase * tau * 10 }, () => {
      mesh.paint('#39434d');
      for (let cup = 0; cup < 3; cup += 1)
        mesh.place({ turn: (cup * tau) / 3 }, () =>
          mesh.box(0.25, 0, 0, 0.5, 0.03, 0.03).sphere(0.52, 0.01, 0, 0.1),
        );
    });
  },
};

export const pumpRoom = {
  camera: { eye: [6, 3.7, 6.4], target: [-0.6, 1.0, -1.6], degrees: 54 },
  look: {
    sunDirection: direction(-0.25, 1, 0.45),
    sunColour: light('#f2fff8', 0.8),
    skyColour: light('#c4dcd6', 0.42),
    groundColour: light('#4f7a6a', 0.42),
    horizonColour: light('#b4c8c2', 0.7),
    shadowArea: { centre: [0, 0, -1], radius: 10 },
    shadowSoftness: 2.6,
    mirror: true,
    exposure: 1.05,
    lamps: [
      lamp([-2.6, 3.6, -2.4], light('#f0fff6', 5), { reach: 8 }),
      lamp([2.6, 3.6, -3.4], light('#f0fff6', 5), { reach: 8 }),
    ],
  },
  build({ solid, unshadowing }) {
    unshadowing.paint('#2f8a66', { pattern: 'concrete', gloss: 0.65 }).floor(0, 0, 0, 30, 24);
    unshadowing.paint('#dfe8e4', { pattern: 'brick' }).box(0, 0, -5.6, 30, 7, 0.3);
    unshadowing.paint('#d5dfdb', { pattern: 'brick' }).box(-7.4, 0, 0, 0.3, 7, 24);
    unshadowing.paint('#2f6f86').box(0, 0, -5.42, 30, 1.1, 0.05).box(-7.22, 0, 0, 0.05, 1.1, 24);
    for (const [index, x] of [-4.4, -1.4, 1.6].entries()) {
      solid.paint('#b9bfc4', { pattern: 'concrete' }).box(x, 0, -1.6, 1.6, 0.28, 3);
      solid.paint('#2b5fb4', { gloss: 0.6 });
      solid.place({ at: [x, 0.86, -2.4], pitch: Math.PI / 2 }, () => {
        solid.cylinder(0, 0, 0, { radius: 0.46, height: 1.15, sides: 26 });
        for (let fin = 0; fin < 12; fin += 1)
          solid.place({ turn: (fin * tau) / 12 }, () => solid.box(0.47, 0.08, 0, 0.1, 1.0, 0.03));
        solid.cylinder(0, -0.12, 0, { radius: 0.36, height: 0.12 });
      });
      solid.paint('#c9ced2', { gloss: 0.7 });
      solid.place({ at: [x, 0.86, -1.2], pitch: Math.PI / 2 }, () =>
        solid.cylinder(0, 0, 0, { radius: 0.1, height: 0.5 }),
      );
      solid.paint(['#c23a30', '#c23a30', '#3a8fb0'][index], { gloss: 0.55 });
      solid.place({ at: [x, 0.86, -0.75], pitch: Math.PI / 2 }, () =>
        solid.cylinder(0, 0, 0, { radius: 0.58, height: 0.5, sides: 28 }),
      );
      const pipe = ['#c23a30', '#c23a30', '#3a8fb0'][index];
      solid.paint(pipe, { gloss: 0.55 }).pipe(
        [
          [x, 1.3, -0.5],
          [x, 3.0, -0.5],
          [x, 3.0, -4.9],
        ],
        0.2,
      );
      solid.paint('#2f9a58', { gloss: 0.55 }).pipe(
        [
          [x, 0.86, -0.2],
          [x, 0.86, 0.9],
          [x, 0.02, 0.9],
        ],
        0.22,
      );
      for (const [px, py, pz, pitch] of [
        [x, 1.7, -0.5, 0],
        [x, 2.4, -0.5, 0],
        [x, 0.86, 0.5, Math.PI / 2],
        [x, 3.0, -2.8, Math.PI / 2],
      ]) {
        solid.paint('#e7e9ea', { gloss: 0.4 });
        solid.place({ at: [px, py, pz], pitch }, () =>
          solid.cylinder(0, -0.05, 0, { radius: 0.32, height: 0.1 }),
        );
      }
      solid.paint('#f0f2f3', { gloss: 0.5 });
      solid.place({ at: [x + 0.3, 2.05, -0.42], pitch: Math.PI / 2 }, () =>
        solid.cylinder(0, 0, 0, { radius: 0.2, height: 0.08 }),
      );
      solid.paint('#e2b63a').box(x + 0.9, 0, 0.9, 0.07, 1, 0.07);
      solid.paint('#d33a2e', { gloss: 0.5 });
      solid.place({ at: [x + 0.36, 2.72, -0.5], roll: Math.PI / 2 }, () => {
        for (let piece = 0; piece < 18; piece += 1)
          solid.place({ turn: (piece * tau) / 18 }, () => solid.box(0.25, -0.03, 0, 0.06, 0.06, 0.1));
        solid.box(0, -0.02, 0, 0.5, 0.04, 0.05).box(0, -0.02, 0, 0.05, 0.04, 0.5);
      });
    }
    solid.paint('#c23a30', { gloss: 0.55 }).pipe(
      [
        [-7, 3.0, -4.9],
        [0.4, 3.0, -4.9],
      ],
      0.3,
    );
    solid.paint('#3a8fb0', { gloss: 0.55 }).pipe(
      [
        [0.6, 3.0, -4.9],
        [12, 3.0, -4.9],
      ],
      0.3,
    );
    solid.paint('#d9dde0', { gloss: 0.6 }).pipe(
      [
        [-7, 4.2, -5.1],
        [12, 4.2, -5.1],
      ],
      0.16,
    );
    solid.paint('#e2b63a', { gloss: 0.5 }).pipe(
      [
        [-7, 3.75, -5.1],
        [12, 3.75, -5.1],
      ],
      0.1,
    );
    solid
      .paint('#aeb8be', { gloss: 0.55 })
      .cylinder(5.2, 0.3, -3.4, { radius: 0.95, height: 2.7, sides: 30 })
      .sphere(5.2, 3, -3.4, 0.95, { squash: 0.4 });
    solid.paint('#55606a').cylinder(5.2, 0, -3.4, { radius: 1.05, height: 0.3 });
    solid.paint('#e9ecec', { gloss: 0.2 }).box(-6.9, 0.2, 2.6, 0.6, 2.1, 2.6);
    for (const z of [1.75, 2.6, 3.45]) solid.paint('#b9c1c4').box(-6.58, 0.4, z + 0.4, 0.03, 1.8, 0.02);
    unshadowing
      .paint('#e2b63a', { gloss: 0.3 })
      .floor(-1, 0.006, 1.6, 12, 0.12)
      .floor(-1, 0.006, 3.4, 12, 0.12);
  },
  animate(mesh, phase) {
    for (const [index, x] of [-4.4, -1.4, 1.6].entries()) {
      mesh.place({ at: [x, 0.86, -1.0], pitch: Math.PI / 2, turn: 0 }, () => {
        mesh.place({ turn: phase * tau * (30 + index * 7) }, () => {
          mesh.paint('#e6e9ea', { gloss: 0.6 }).cylinder(0, 0, 0, { radius: 0.2, height: 0.16, sides: 16 });
          mesh.paint('#d33a2e').box(0.17, -0.005, 0, 0.09, 0.17, 0.07);
        });
      });
      mesh.place(
        { at: [x + 0.3, 2.05, -0.33], roll: 0.7 + Math.sin(phase * tau * (2 + index) + index) * 0.35 },
        () => mesh.paint('#c22a20').box(0, 0, 0, 0.02, 0.16, 0.01),
      );
      mesh.place({}, () =>
        mesh
          .paint(index === 2 && Math.floor(phase * 20) % 2 === 0 ? '#f0b32e' : '#38c870', { glow: 2.4 })
          .box(-6.56, 1.9, 1.75 + index * 0.85, 0.04, 0.12, 0.12),
      );
    }
    const walk = along(
      [
        [-5.4, 2.5],
        [3.4, 2.6],
        [3.4, 2.3],
        [-5.4, 2.2],
      ],
      phase + 0.1,
    );
    person(mesh, {
      at: [walk.x, 0, walk.z],
      turn: walk.turn,
      stride: phase * tau * 18,
      jacket: '#ef7d1a',
      trousers: '#2c4658',
      helmet: '#f4f4f0',
      vest: true,
    });
  },
};
