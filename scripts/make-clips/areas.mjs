/** Which parts of the picture things touch, as [left, bottom, right, top] from 0 to 1. */

import { vertexFloats } from './mesh.mjs';

const margin = 0.022;

/**
 * The parts of the picture that `moving` touches, one for each of its groups, joined where they overlap. `look.touched` adds
 * world points that change with it, such as where headlights shine.
 */
export function touchedAreas(moving, { look, viewProjection }) {
  const groups = moving.groupEnds.map((end, index) =>
    pointsOf(moving.vertices, moving.groupEnds[index - 1] ?? 0, end),
  );
  const shadowOf = ([x, y, z]) => {
    const steps = Math.max(0, y) / look.sunDirection[1];
    return [x - look.sunDirection[0] * steps, 0, z - look.sunDirection[2] * steps];
  };
  const areas = [...groups, ...(look.touched ?? [])]
    .map((points) => [
      ...points,
      ...points.map(shadowOf),
      ...(look.mirror ? points.map(([x, y, z]) => [x, -y, z]) : []),
    ])
    .map((points) => areaOf(points, viewProjection))
    .filter(([left, bottom, right, top]) => left < right && bottom < top);
  const joined = [];
  for (let area of areas) {
    for (;;) {
      const other = joined.findIndex((candidate) => overlap(candidate, area));
      if (other === -1) break;
      const [[left, bottom, right, top]] = joined.splice(other, 1);
      area = [
        Math.min(left, area[0]),
        Math.min(bottom, area[1]),
        Math.max(right, area[2]),
        Math.max(top, area[3]),
      ];
    }
    joined.push(area);
  }
  return joined;
}

function pointsOf(vertices, start, end) {
  const points = [];
  for (let index = start; index < end; index += vertexFloats)
    points.push([vertices[index], vertices[index + 1], vertices[index + 2]]);
  return points;
}

/** Vertices of one chunk: whole triangles, few enough to lie close together. */
const chunkVertices = 360;

export function chunksOf(vertices, viewProjection) {
  const chunks = [];
  for (let start = 0; start * vertexFloats < vertices.length; start += chunkVertices) {
    const points = pointsOf(
      vertices,
      start * vertexFloats,
      Math.min(vertices.length, (start + chunkVertices) * vertexFloats),
    );
    const mirrored = points.map(([x, y, z]) => [x, -y, z]);
    chunks.push({
      start,
      count: points.length,
      area: areaOf(points, viewProjection),
      mirrorArea: areaOf(mirrored, viewProjection),
    });
  }
  return chunks;
}

const bound = (value) => Math.min(1, Math.max(0, value));

function areaOf(points, m) {
  let area = [1, 1, 0, 0];
  if (points.every(([x, y, z]) => m[3] * x + m[7] * y + m[11] * z + m[15] < 0.3)) return area;
  for (const [x, y, z] of points) {
    const w = Math.max(0.3, m[3] * x + m[7] * y + m[11] * z + m[15]);
    const u = ((m[0] * x + m[4] * y + m[8] * z + m[12]) / w) * 0.5 + 0.5;
    const v = ((m[1] * x + m[5] * y + m[9] * z + m[13]) / w) * 0.5 + 0.5;
    area = [Math.min(area[0], u), Math.min(area[1], v), Math.max(area[2], u), Math.max(area[3], v)];
  }
  return [
    bound(area[0] - margin),
    bound(area[1] - margin * 1.6),
    bound(area[2] + margin),
    bound(area[3] + margin * 1.6),
  ];
}

export const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

export function pixelsOf([left, bottom, right, top], [width, height]) {
  return [
    Math.floor(left * width),
    Math.floor(bottom * height),
    Math.ceil(right * width),
    Math.ceil(top * height),
  ];
}
