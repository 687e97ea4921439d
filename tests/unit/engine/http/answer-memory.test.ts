import { expect, it } from 'vitest';
import { AnswerMemory } from '../../../../src/engine/http/answer-memory.ts';

const [first, second, third] = [new Uint8Array(60), new Uint8Array(40), new Uint8Array(1)];

it('counts what many take once, until the last has it', () => {
  const memory = new AnswerMemory(100);
  const holders = [memory.hold([first]), memory.hold([first, second]), memory.hold([second])];
  expect(memory.bytes).toBe(100);
  holders[0]?.[Symbol.dispose]();
  expect(memory.bytes).toBe(100);
  holders[1]?.[Symbol.dispose]();
  expect(memory.bytes).toBe(40);
  holders[2]?.[Symbol.dispose]();
  expect(memory.bytes).toBe(0);
});

it('refuses and counts what there is no room for, not what it holds already', () => {
  const memory = new AnswerMemory(100);
  const held = memory.hold([first, second]);
  expect(memory.hold([third])).toBeUndefined();
  expect(memory.hold([second])).toBeDefined();
  expect([memory.bytes, memory.refused]).toEqual([100, 1]);
  held?.[Symbol.dispose]();
  expect(memory.hold([third])).toBeDefined();
  expect(memory.bytes).toBe(41);
});
