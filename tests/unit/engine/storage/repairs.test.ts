import { expect, test } from 'vitest';
import { Repairs } from '../../../../src/engine/storage/repairs.ts';
import { quietLog } from '../../../integration/storage-fixture.ts';

test('what needs an index that does not answer stays, and holds up nothing else', async () => {
  const repairs = new Repairs(quietLog);
  const done: string[] = [];
  let isIndexDown = true;
  repairs.add({
    filePath: 'a',
    isSettleable: true,
    settle: async () => {
      if (isIndexDown) throw Object.assign(new Error('down'), { code: 'SQLITE_BUSY' });
    },
  });
  repairs.add({ filePath: 'b', isSettleable: true, settle: async () => undefined });

  await repairs.run((filePath) => done.push(filePath));
  expect(done).toEqual(['b']);
  expect(repairs.has('a')).toBe(true);
  isIndexDown = false;
  await repairs.run((filePath) => done.push(filePath));
  expect(done).toEqual(['b', 'a']);
  expect(repairs.has('a')).toBe(false);
});
