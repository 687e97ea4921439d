import { describe, expect, it } from 'vitest';
import { attempt, storageFailure } from '../../../../src/engine/storage/failure.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe('storageFailure', () => {
  it.each(['ENOSPC', 'EDQUOT', 'SQLITE_FULL'])('calls %s a full disk', (code) => {
    expect(storageFailure(systemError(code), '/footage')).toEqual({
      reason: 'disk-full',
      detail: 'The volume /footage is full. Free space, or lower the retention.',
    });
  });

  it.each(['EIO', 'EROFS', 'ENODEV', 'ESTALE', 'SQLITE_IOERR_WRITE'])('calls %s a faulty disk', (code) => {
    expect(storageFailure(systemError(code), '/footage')).toEqual({
      reason: 'disk-error',
      detail: `The volume /footage answered ${code}. Check the disk and its mount.`,
    });
  });

  it('passes bugs on', async () => {
    const bugs = [new TypeError('undefined is not a function'), systemError('ERR_INVALID_ARG_TYPE'), 'text'];
    for (const bug of bugs) {
      const failing = attempt('/footage', () => Promise.reject<void>(bug));
      await expect(failing).rejects.toBe(bug);
    }
  });
});
