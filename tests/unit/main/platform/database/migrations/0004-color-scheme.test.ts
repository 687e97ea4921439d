import { expect, it } from 'vitest';
import { openDatabase } from '../../../../../../src/main/platform/database/index.ts';
import { migration0004ColorScheme } from '../../../../../../src/main/platform/database/migrations/0004-color-scheme.ts';
import { migrations } from '../../../../../../src/main/platform/database/migrations/index.ts';

it('schema version 4 gives the site the colours of its computer, and takes only the three there are', () => {
  using closing = new DisposableStack();
  const before = migrations.slice(0, 3);
  const database = openDatabase({ path: ':memory:', migrations: [...before, migration0004ColorScheme] });
  closing.defer(() => database.close());
  expect(database.prepare('SELECT * FROM site').all()).toEqual([
    { id: 1, name: 'New site', color_scheme: 'auto' },
  ]);
  for (const scheme of ['dark', 'light', 'auto'])
    database.prepare('UPDATE site SET color_scheme = ?').run(scheme);
  expect(() => database.exec("UPDATE site SET color_scheme = 'pink'")).toThrow(/constraint failed/);
  expect(() => database.exec('UPDATE site SET color_scheme = NULL')).toThrow(/constraint failed/);
});
