import { expect, it } from 'vitest';
import { Turns } from '../../../../src/engine/snapshot/turns.ts';

it('lets so many work at a time, in order, also after a failure', async () => {
  const turns = new Turns(2);
  const log: string[] = [];
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const works = gates.map(({ promise }, index) =>
    turns.run(async () => {
      log.push(`begin ${index}`);
      await promise;
      log.push(`end ${index}`);
    }),
  );
  expect(log).toEqual(['begin 0', 'begin 1']);
  gates[1]?.reject(new Error('broken'));
  await expect(works[1]).rejects.toThrow('broken');
  expect(log).toEqual(['begin 0', 'begin 1', 'begin 2']);
  gates[0]?.resolve();
  await works[0];
  gates[2]?.resolve();
  gates[3]?.resolve();
  await Promise.all([works[2], works[3]]);
  expect(log).toEqual(['begin 0', 'begin 1', 'begin 2', 'end 0', 'begin 3', 'end 2', 'end 3']);
  await expect(turns.run(() => Promise.resolve(5))).resolves.toBe(5);
});
