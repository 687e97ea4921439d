/** Builds triangle soups: position, normal, colour, material for every vertex. */

import { cross, identity, multiply, normalize, rotation, scaling, subtract, translation } from './matrix.mjs';

/** Surface patterns, computed in the fragment shader from world coordinates. */
export const patterns = {
  plain: 0,
  concrete: 1,
  corrugated: 2,
  tiles: 3,
  brick: 4,
  grass: 5,
  asphalt: 6,
  planks: 7,
  wire: 8,
  panels: 9,
};

/** Floats of one vertex. */
export const vertexFloats = 12;

const linearChannel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

/** `#rrggbb` as linear light. */
export function linearColour(hex) {
  const value = Number.parseInt(hex.slice(1), 16);
  return [16, 8, 0].map((shift) => linearChannel(((value >> shift) & 255) / 255));
}

export class Mesh {
  vertices = [];
  /** Where each top-level `place` ends in `vertices`: things that move together. */
  groupEnds = [];
  #matrices = [identity()];
  #material = [0.5, 0.5, 0.5, 0, 0, 0];

  /** `gloss` 0 to 1 for highlights and reflections, `glow` multiplies the colour into light of its own. */
  paint(hex, { pattern = 'plain', gloss = 0, glow = 0 } = {}) {
    this.#material = [...linearColour(hex), patterns[pattern], gloss, glow];
    return this;
  }

  /** Runs `draw` with the origin moved to `at`, turned by `turn` (around y), `pitch` (x), `roll` (z), and scaled. */
  place({ at = [0, 0, 0], turn = 0, pitch = 0, roll = 0, size = [1, 1, 1] }, draw) {
    let matrix = multiply(this.#matrices.at(-1), translation(...at));
    if (turn !== 0) matrix = multiply(matrix, rotation('y', turn));
    if (pitch !== 0) matrix = multiply(matrix, rotation('x', pitch));
    if (roll !== 0) matrix = multiply(matrix, rotation('z', roll));
    matrix = multiply(matrix, scaling(...size));
    this.#matrices.push(matrix);
    draw(this);
    this.#matrices.pop();
    if (this.#matrices.length === 1) this.groupEnds.push(this.vertices.length);
    return this;
  }

  /** A box standing on `y`, centred on `x` and `z`. */
  box(x, y, z, width, height, depth) {
    const [x0, x1, y0, y1, z0, z1] = [
      x - width / 2,
      x + width / 2,
      y,
      y + height,
      z - depth / 2,
      z + depth / 2,
    ];
    this.quad([x0, y0, z1], [x1, y0, z1], [x1, y1, z1], [x0, y1, z1]);
    this.quad([x1, y0, z0], [x0, y0, z0], [x0, y1, z0], [x1, y1, z0]);
    this.quad([x1, y0, z1], [x1, y0, z0], [x1, y1, z0], [x1, y1, z1]);
    this.quad([x0, y0, z0], [x0, y0, z1], [x0, y1, z1], [x0, y1, z0]);
    this.quad([x0, y1, z1], [x1, y1, z1], [x1, y1, z0], [x0, y1, z0]);
    this.quad([x0, y0, z0], [x1, y0, z0], [x1, y0, z1], [x0, y0, z1]);
    return this;
  }

  /** A flat rectangle on the ground at height `y`. */
  floor(x, y, z, width, depth) {
    return this.quad(
      [x - width / 2, y, z + depth / 2],
      [x + width / 2, y, z + depth / 2],
      [x + width / 2, y, z - depth / 2],
      [x - width / 2, y, z - depth / 2],
    );
  }

  /** A convex outline in the x-y plane, counter-clockwise, drawn out along z around 0. */
  extrude(outline, depth) {
    const at = (point, z) => [point[0], point[1], z];
    for (let index = 1; index + 1 < outline.length; index += 1) {
      this.#triangle(
        at(outline[0], depth / 2),
        at(outline[index], depth / 2),
        at(outline[index + 1], depth / 2),
      );
      this.#triangle(
        at(outline[0], -depth / 2),
        at(outline[index + 1], -depth / 2),
        at(outline[index], -depth / 2),
      );
    }
    for (const [index, point] of outline.entries()) {
      const next = outline[(index + 1) % outline.length];
      this.quad(at(point, -depth / 2), at(next, -depth / 2), at(next, depth / 2), at(point, depth / 2));
    }
    return this;
  }

  /** A cylinder or cone frustum along y from `y`, with smooth sides. */
  cylinder(x, y, z, { radius, height, top = radius, sides = radius < 0.1 ? 10 : 18 }) {
    const slope = (radius - top) / height;
    const ring = (index, r) => {
      const angle = (index / sides) * 2 * Math.PI;
      return [Math.cos(angle) * r, Math.sin(angle) * r];
    };
    for (let index = 0; index < sides; index += 1) {
      const [[ax, az], [bx, bz]] = [ring(index, 1), ring(index + 1, 1)];
      const low = [
        [x + ax * radius, y, z + az * radius],
        [x + bx * radius, y, z + bz * radius],
      ];
      const high = [
        [x + ax * top, y + height, z + az * top],
        [x + bx * top, y + height, z + bz * top],
      ];
      const normals = [normalize([ax, slope, az]), normalize([bx, slope, bz])];
      this.#vertex(low[1], normals[1]).#vertex(low[0], normals[0]).#vertex(high[0], normals[0]);
      this.#vertex(low[1], normals[1]).#vertex(high[0], normals[0]).#vertex(high[1], normals[1]);
      this.#triangle([x, y + height, z], high[1], high[0]);
      this.#triangle([x, y, z], low[0], low[1]);
    }
    return this;
  }

  sphere(x, y, z, radius, { squash = 1, rows = radius < 0.1 ? 4 : 8, sides = radius < 0.1 ? 8 : 14 } = {}) {
    const point = (row, side) => {
      const [polar, around] = [(row / rows) * Math.PI, (side / sides) * 2 * Math.PI];
      return [Math.sin(polar) * Math.cos(around), Math.cos(polar), Math.sin(polar) * Math.sin(around)];
    };
    const put = (n) =>
      this.#vertex(
        [x + n[0] * radius, y + n[1] * radius * squash, z + n[2] * radius],
        normalize([n[0], n[1] / squash, n[2]]),
      );
    for (let row = 0; row < rows; row += 1) {
      for (let side = 0; side < sides; side += 1) {
        const [a, b, c, d] = [
          point(row, side),
          point(row + 1, side),
          point(row + 1, side + 1),
          point(row, side + 1),
        ];
        (put(a), put(c), put(b));
        (put(a), put(d), put(c));
      }
    }
    return this;
  }

  /** A pipe through `points`, with spheres at the bends. */
  pipe(points, radius) {
    for (let index = 0; index + 1 < points.length; index += 1) {
      const [from, to] = [points[index], points[index + 1]];
      const delta = subtract(to, from);
      const length = Math.hypot(...delta);
      const turn = Math.atan2(delta[0], delta[2]);
      const pitch = Math.acos(delta[1] / length);
      this.place({ at: from, turn, pitch }, () =>
        this.cylinder(0, 0, 0, { radius, height: length, sides: 18 }),
      );
      if (index > 0) this.sphere(...from, radius * 1.02);
    }
    return this;
  }

  /** Four corners, counter-clockwise seen from the front. */
  quad(a, b, c, d) {
    this.#triangle(a, b, c);
    this.#triangle(a, c, d);
    return this;
  }

  #triangle(a, b, c) {
    const normal = normalize(cross(subtract(b, a), subtract(c, a)));
    this.#vertex(a, normal).#vertex(b, normal).#vertex(c, normal);
  }

  #vertex([x, y, z], [nx, ny, nz]) {
    const m = this.#matrices.at(-1);
    const normal = normalize([
      (m[0] * nx) / scale(m, 0) + (m[4] * ny) / scale(m, 1) + (m[8] * nz) / scale(m, 2),
      (m[1] * nx) / scale(m, 0) + (m[5] * ny) / scale(m, 1) + (m[9] * nz) / scale(m, 2),
      (m[2] * nx) / scale(m, 0) + (m[6] * ny) / scale(m, 1) + (m[10] * nz) / scale(m, 2),
    ]);
    this.vertices.push(
      m[0] * x + m[4] * y + m[8] * z + m[12],
      m[1] * x + m[5] * y + m[9] * z + m[13],
      m[2] * x + m[6] * y + m[10] * z + m[14],
      ...normal,
      ...this.#material,
    );
    return this;
  }
}

/** Squared length of a matrix column: normals transform with the inverse scale. */
function scale(matrix, column) {
  return matrix[column * 4] ** 2 + matrix[column * 4 + 1] ** 2 + matrix[column * 4 + 2] ** 2;
}
