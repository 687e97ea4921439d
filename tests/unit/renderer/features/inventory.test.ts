import { describe, expect, test } from 'vitest';
import { spreadEvenly } from '../../../../src/renderer/features/inventory/actions.ts';
import { applyInventoryEvent, emptyInventory } from '../../../../src/renderer/features/inventory/store.ts';
import type { InventoryEvent } from '../../../../src/shared/contract/index.ts';
import { camera, node } from './site-builders.ts';

describe('the inventory', () => {
  test('follows its events; a snapshot forgets what was before', () => {
    const events: readonly InventoryEvent[] = [
      { kind: 'snapshot', cameras: [camera('a'), camera('b')], nodes: [node('n1')] },
      { kind: 'cameras', cameras: [{ ...camera('b'), name: 'New name' }, camera('c')] },
      { kind: 'cameras-removed', ids: ['a', 'never there'] },
      { kind: 'nodes', nodes: [node('n2')] },
      { kind: 'nodes-removed', ids: ['n1'] },
    ];
    let state = emptyInventory;
    for (const event of events) state = applyInventoryEvent(state, event);
    expect([
      [...state.cameras.values()].map(({ name }) => name),
      [...state.nodes.keys()],
      state.loaded,
    ]).toEqual([['New name', 'Camera c'], ['n2'], true]);
    expect(applyInventoryEvent(state, { kind: 'snapshot', cameras: [], nodes: [] }).cameras.size).toBe(0);
  });
});

describe('spreading cameras', () => {
  test('fills the emptiest node first and counts the cameras that stay', () => {
    const stay = [camera('s1', 'n1'), camera('s2', 'n1'), camera('s3', 'n3')];
    const move = [camera('m1', 'n1'), camera('m2'), camera('m3'), camera('m4')];
    expect(spreadEvenly(move, [...stay, ...move], ['n1', 'n2', 'n3'])).toEqual(
      new Map([
        ['n2', ['m1', 'm2']],
        ['n3', ['m3']],
        ['n1', ['m4']],
      ]),
    );
  });

  test('plans nothing without nodes', () => {
    expect(spreadEvenly([camera('a')], [camera('a')], [])).toEqual(new Map());
  });
});
