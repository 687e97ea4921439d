import { expect, it } from 'vitest';
import { createSiteFeature } from '../../../../../src/main/features/site/index.ts';
import { migrations, openDatabase } from '../../../../../src/main/platform/database/index.ts';

it('tells its name and colours at once and after each change, and keeps them', async () => {
  using closing = new DisposableStack();
  const database = openDatabase({ path: ':memory:', migrations });
  closing.defer(() => database.close());
  const about = { version: '1.2.3', shell: 'web' } as const;
  const { signal } = new AbortController();
  const { handlers } = createSiteFeature({ database, about });
  const told = handlers.watch(undefined, signal)[Symbol.asyncIterator]();
  expect(await told.next()).toEqual({
    done: false,
    value: { ...about, name: 'New site', colorScheme: 'auto' },
  });
  await handlers.setColorScheme({ colorScheme: 'light' }, signal);
  expect(await told.next()).toEqual({
    done: false,
    value: { ...about, name: 'New site', colorScheme: 'light' },
  });
  await handlers.rename({ name: 'Pier 9' }, signal);
  const again = createSiteFeature({ database, about }).handlers.watch(undefined, signal);
  expect(await again[Symbol.asyncIterator]().next()).toEqual({
    done: false,
    value: { ...about, name: 'Pier 9', colorScheme: 'light' },
  });
});
