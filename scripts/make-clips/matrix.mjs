/** 4x4 matrices in column order, as WebGL wants them. */

export const identity = () => new Float32Array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);

export function multiply(a, b) {
  const product = new Float32Array(16);
  for (let column = 0; column < 4; column += 1) {
    for (let row = 0; row < 4; row += 1) {
      let sum = 0;
      for (let k = 0; k < 4; k += 1) sum += a[k * 4 + row] * b[column * 4 + k];
      product[column * 4 + row] = sum;
    }
  }
  return product;
}

export function translation(x, y, z) {
  const matrix = identity();
  matrix.set([x, y, z], 12);
  return matrix;
}

/** Rotation around the axis 'x', 'y' or 'z'. */
export function rotation(axis, radians) {
  const [c, s] = [Math.cos(radians), Math.sin(radians)];
  const matrix = identity();
  // The two axes that turn into each other, in right-handed order.
  const [from, to] = { x: [1, 2], y: [2, 0], z: [0, 1] }[axis];
  matrix[from * 4 + from] = c;
  matrix[from * 4 + to] = s;
  matrix[to * 4 + from] = -s;
  matrix[to * 4 + to] = c;
  return matrix;
}

export function scaling(x, y, z) {
  const matrix = identity();
  matrix[0] = x;
  matrix[5] = y;
  matrix[10] = z;
  return matrix;
}

export function perspective(verticalDegrees, aspect, near, far) {
  const focal = 1 / Math.tan((verticalDegrees * Math.PI) / 360);
  return new Float32Array([
    focal / aspect,
    0,
    0,
    0,
    0,
    focal,
    0,
    0,
    0,
    0,
    (far + near) / (near - far),
    -1,
    0,
    0,
    (2 * far * near) / (near - far),
    0,
  ]);
}

export function orthographic(half, near, far) {
  return new Float32Array([
    1 / half,
    0,
    0,
    0,
    0,
    1 / half,
    0,
    0,
    0,
    0,
    -2 / (far - near),
    0,
    0,
    0,
    -(far + near) / (far - near),
    1,
  ]);
}

export const subtract = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const cross = (a, b) => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const normalize = (a) => {
  const length = Math.hypot(...a) || 1;
  return a.map((value) => value / length);
};

export function lookAt(eye, target, up = [0, 1, 0]) {
  const back = normalize(subtract(eye, target));
  const right = normalize(cross(up, back));
  const top = cross(back, right);
  return new Float32Array([
    right[0],
    top[0],
    back[0],
    0,
    right[1],
    top[1],
    back[1],
    0,
    right[2],
    top[2],
    back[2],
    0,
    -dot(right, eye),
    -dot(top, eye),
    -dot(back, eye),
    1,
  ]);
}

/** Inverse of any invertible 4x4 matrix, by Gauss-Jordan elimination. */
export function invert(matrix) {
  const rows = Array.from({ length: 4 }, (_, row) => [
    ...[0, 1, 2, 3].map((column) => matrix[column * 4 + row]),
    ...[0, 1, 2, 3].map((column) => Number(column === row)),
  ]);
  for (let pivot = 0; pivot < 4; pivot += 1) {
    const best = rows.reduce(
      (top, row, index) =>
        index >= pivot && Math.abs(row[pivot]) > Math.abs(rows[top][pivot]) ? index : top,
      pivot,
    );
    [rows[pivot], rows[best]] = [rows[best], rows[pivot]];
    const divisor = rows[pivot][pivot];
    rows[pivot] = rows[pivot].map((value) => value / divisor);
    for (let row = 0; row < 4; row += 1) {
      if (row === pivot) continue;
      const factor = rows[row][pivot];
      rows[row] = rows[row].map((value, index) => value - factor * rows[pivot][index]);
    }
  }
  return new Float32Array([0, 1, 2, 3].flatMap((column) => rows.map((row) => row[4 + column])));
}
