import { describe, expect, it } from 'vitest';
import { attempt, indexObstacle, storageFailure } from '../../../../src/engine/storage/failure.ts';
import { ClosedDatabaseError } from '../../../../src/engine/storage/sql-connection.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe('indexObstacle', () => {
  it.each([
    [systemError('SQLITE_BUSY'), 'The index of the recordings answered SQLITE_BUSY.'],
    [systemError('SQLITE_CORRUPT_INDEX'), 'The index of the recordings answered SQLITE_CORRUPT_INDEX.'],
    [systemError('SQLITE_FULL'), 'There is no room for the index'],
    [new ClosedDatabaseError(), 'The engine stops.'],
  ])('says why the index cannot answer: %s', (error, sentence) => {
    expect(indexObstacle(error)).toContain(sentence);
  });

  it.each([systemError('SQLITE_CONSTRAINT_CHECK'), systemError('EIO'), new TypeError('a bug')])(
    'is none for %s',
    (error) => {
      expect(indexObstacle(error)).toBeUndefined();
    },
  );
});

describe('storageFailure', () => {
  it.each(['ENOSPC', 'EDQUOT'])('calls %s a full disk', (code) => {
    expect(storageFailure(systemError(code), '/footage')).toEqual({
      reason: 'disk-full',
      detail: 'The volume /footage is full. Free space, or lower the retention.',
    });
  });

  it.each(['EIO', 'ENODEV', 'ESTALE'])('calls %s a faulty disk', (code) => {
    expect(storageFailure(systemError(code), '/footage')).toEqual({
      reason: 'disk-error',
      detail: `The volume /footage answered ${code}. Check the disk and its mount.`,
    });
  });

  it.each([
    [
      'EROFS',
      'The volume /footage can only be read. Below /srv, /mnt or /media, look for errors of the disk in the system log and mount it for writing again; elsewhere, have the service write there (ReadWritePaths in its unit).',
    ],
    ['EACCES', "The volume /footage refuses the engine (EACCES). Give the directory to the engine's user."],
    ['EHUNG', 'The volume /footage does not answer. Check the disk and its connection.'],
    [
      'SQLITE_IOERR_WRITE',
      "The index of the recordings answered SQLITE_IOERR_WRITE. Check the disk of the engine's directory.",
    ],
  ])('says of %s what is the matter and what to do', (code, detail) => {
    expect(storageFailure(systemError(code), '/footage')).toEqual({ reason: 'disk-error', detail });
  });

  it('does not blame the volume when the index has no room', () => {
    expect(storageFailure(systemError('SQLITE_FULL'), '/footage')).toEqual({
      reason: 'disk-full',
      detail:
        "There is no room for the index of the recordings. Free space on the disk of the engine's directory.",
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
