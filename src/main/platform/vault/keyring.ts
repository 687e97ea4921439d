import { AsyncEntry } from '@napi-rs/keyring';

/** The operating system's keyring: Credential Manager, Keychain or a Secret Service. */
export interface Keyring {
  /** Undefined when there is no such entry. Throws when the keyring does not answer or stays locked. */
  read(account: string): Promise<Buffer | undefined>;
  write(account: string, key: Buffer): Promise<void>;
  remove(account: string): Promise<void>;
}

const service = 'Belvedere';

function entry(account: string): AsyncEntry {
  return new AsyncEntry(
    service,
    account,
    process.platform === 'linux' ? { linux: { store: 'secret-service' } } : undefined,
  );
}

/**
 * Every call ends after `timeoutMs`: a keyring without its daemon, or one whose unlock dialog nobody sees, must not hold
 * the desk. On Linux only a Secret Service counts, because the kernel's keyring forgets at the next boot.
 */
export function systemKeyring(timeoutMs: number): Keyring {
  const deadline = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const signal = AbortSignal.timeout(timeoutMs);
    return Promise.race([
      work(signal),
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener(
          'abort',
          () => reject(new Error(`The keyring did not answer in ${timeoutMs} ms.`)),
          {
            once: true,
          },
        );
      }),
    ]);
  };
  return {
    read: async (account) => {
      const stored = await deadline((signal) => entry(account).getPassword(signal));
      return stored === null ? undefined : Buffer.from(stored, 'base64');
    },
    write: (account, key) => deadline((signal) => entry(account).setPassword(key.toString('base64'), signal)),
    remove: async (account) => {
      await deadline((signal) => entry(account).deletePassword(signal));
    },
  };
}

/** Whether a key put into the keyring comes back. */
export async function answers(keyring: Keyring, probe: Buffer): Promise<boolean> {
  const account = `probe-${process.pid}`;
  try {
    await keyring.write(account, probe);
    const back = await keyring.read(account);
    await keyring.remove(account);
    return back?.equals(probe) ?? false;
  } catch {
    return false;
  }
}
