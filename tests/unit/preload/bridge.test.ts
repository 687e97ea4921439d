import { expect, it } from 'vitest';
import { createBridge } from '../../../src/preload/bridge.ts';

it('tells the page which shell it is in, and nothing that it could use', () => {
  const bridge = createBridge('linux');
  expect(bridge).toEqual({ shell: 'electron', platform: 'linux' });
  expect(Object.isFrozen(bridge)).toBe(true);
});
