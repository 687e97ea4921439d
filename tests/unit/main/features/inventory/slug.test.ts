import { describe, expect, it } from 'vitest';
import { SlugAllocator } from '../../../../../src/main/features/inventory/slug.ts';
import { NodeId } from '../../../../../src/shared/contract/index.ts';

describe('SlugAllocator', () => {
  it.each([
    ['Loading dock', 'loading-dock'],
    ['  Größe / Süd — 1. OG!  ', 'grosse-sud-1-og'],
    ['Île-de-France', 'ile-de-france'],
    ['駐車場', 'camera'],
    ['---', 'camera'],
    ['', 'camera'],
    ['x'.repeat(200), 'x'.repeat(56)],
    [`${'x'.repeat(55)} yard`, 'x'.repeat(55)],
  ])('makes an identifier of %j', (name, slug) => {
    expect(new SlugAllocator([]).allocate(name, 'camera')).toBe(slug);
  });

  it('counts on from names that are taken, each base on its own', () => {
    const allocator = new SlugAllocator(['gate', 'gate-2', 'gate-4']);
    const given = ['Gate', 'gate', 'Gate!', 'Yard', 'Yard'].map((name) => allocator.allocate(name, 'camera'));
    expect(given).toEqual(['gate-3', 'gate-5', 'gate-6', 'yard', 'yard-2']);
  });

  it('gives a thousand cameras of one long name valid identifiers of their own', () => {
    const allocator = new SlugAllocator([]);
    const given = Array.from({ length: 1000 }, () => allocator.allocate('Ä'.repeat(99), 'camera'));
    expect(new Set(given).size).toBe(1000);
    expect(given.filter((slug) => !NodeId.safeParse(slug).success)).toEqual([]);
  });
});
