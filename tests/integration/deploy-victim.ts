import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { fail } from '../../src/main/failure.ts';
import type { EngineVersionProbe } from '../../src/main/features/deploy/index.ts';
import { createSsh } from '../../src/main/platform/ssh/index.ts';
import type { Ssh, SshConnection, SshTarget } from '../../src/main/platform/ssh/index.ts';
import { DeployDesk } from './deploy-fixture.ts';

/** What a desk that deploys the small test engine is given; travels over standard input, because it holds a password. */
export interface VictimOrder {
  readonly databasePath: string;
  readonly bundleDirectory: string;
  readonly trustedKeyLine: string;
  readonly target: SshTarget;
}

/** The test bundle's engine speaks no HTTPS; what would answer is the release that is current, to a token that it knows. */
export function answersAs(target: SshTarget): EngineVersionProbe {
  return {
    readVersion: async ({ token }, signal) => {
      await using connection = await createSsh().connect(target, signal);
      const digest = createHash('sha256').update(token).digest('hex');
      const known = await connection.exec(`grep -q ${digest} belvedere/data/tokens/*`);
      if (known.exitCode !== 0) throw fail('unauthorized', 'The engine does not accept the token.');
      const { stdout } = await connection.exec('basename "$(readlink belvedere/current)"');
      return stdout.trim();
    },
  };
}

/** A desk of which everything but the way to sign in is on disk. `ssh` is what it reaches the node through. */
export async function openVictim(order: VictimOrder, ssh: Ssh = createSsh()): Promise<DeployDesk> {
  const { target, ...options } = order;
  const desk = await DeployDesk.open({ ...options, reserveBytes: 1, engineProbe: answersAs(target), ssh });
  desk.addNode(target);
  return desk;
}

/** SSH that calls around every command and every upload, also when the node has done it and the desk does not know yet. */
function watched(inner: Ssh, onMoment: () => void): Ssh {
  const around = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } finally {
      onMoment();
    }
  };
  return {
    readHostKey: (...words) => inner.readHostKey(...words),
    connect: async (...words) => {
      const connection = await inner.connect(...words);
      return {
        get isOpen() {
          return connection.isOpen;
        },
        exec: (...rest) => around(connection.exec(...rest)),
        upload: (...rest) => around(connection.upload(...rest)),
        [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
      } satisfies SshConnection;
    },
  };
}

// As a program: deploys, and dies like a power cut after the asked command; says how many there were when it lived.
if (import.meta.main) {
  const killAt = Number(process.argv[2]);
  // From the test that started this program.
  const order: VictimOrder = JSON.parse(await text(process.stdin));
  let moments = 0;
  const desk = await openVictim(
    order,
    watched(createSsh(), () => {
      moments += 1;
      if (moments === killAt) process.kill(process.pid, 'SIGKILL');
    }),
  );
  const { state } = await desk.deploy();
  await desk[Symbol.asyncDispose]();
  process.stdout.write(`${state.kind} ${moments}`);
}
