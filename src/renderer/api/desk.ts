import type { z } from 'zod';
import { contract } from '../../shared/contract/index.ts';
import type {
  Contract,
  Failure,
  Mutation,
  Procedure,
  Query,
  Subscription,
} from '../../shared/contract/index.ts';
import type { Answer } from './answer.ts';
import type { StreamListener, Transport, Unfollow } from './transport.ts';

/** Omitted when the procedure takes nothing. */
type InputArguments<I extends z.ZodType> =
  undefined extends z.input<I> ? readonly [] : readonly [input: z.input<I>];

/** The desk as the pages see it: questions with an answer, and streams of events, both by declared procedure. */
export interface Desk {
  /** `desk.ask(contract.site.rename, { name })`. Never rejects. */
  ask<I extends z.ZodType, O extends z.ZodType>(
    procedure: Query<I, O> | Mutation<I, O>,
    ...input: InputArguments<I>
  ): Promise<Answer<z.output<O>>>;
  /** Events until ended; the first after each (re)connect carries the whole present state. */
  follow<O extends z.ZodType>(
    procedure: Subscription<z.ZodUndefined, O>,
    listener: StreamListener<z.output<O>>,
  ): Unfollow;
}

function procedurePaths(declared: Contract): ReadonlyMap<Procedure, string> {
  const paths = new Map<Procedure, string>();
  for (const [feature, procedures] of Object.entries(declared)) {
    for (const [name, procedure] of Object.entries(procedures)) paths.set(procedure, `${feature}.${name}`);
  }
  return paths;
}

const paths = procedurePaths(contract);

function pathOf(procedure: Procedure): string {
  const path = paths.get(procedure);
  if (path === undefined) throw new Error('This procedure is not part of the contract.');
  return path;
}

const unreadable = (path: string): Failure => ({
  code: 'internal',
  message: `The desk's answer to ${path} could not be read.`,
  remedy: 'Restart Belvedere. If it stays, the page and the desk are of different versions.',
});

/** Says what is wrong with an input in the words of its schema, before anything is sent. */
function invalid(error: z.ZodError): Failure {
  const first = error.issues[0];
  const where = first?.path.length ? `${first.path.join('.')}: ` : '';
  return { code: 'invalid-input', message: `${where}${first?.message ?? 'invalid input'}` };
}

export function createDesk(transport: Transport): Desk {
  return {
    async ask(procedure, ...input) {
      const path = pathOf(procedure);
      const parsedInput = procedure.input.safeParse(input[0]);
      if (!parsedInput.success) return { kind: 'failed', failure: invalid(parsedInput.error) };
      const answer = await transport.call(procedure.kind, path, parsedInput.data);
      if (answer.kind === 'failed') return answer;
      const output = procedure.output.safeParse(answer.value);
      return output.success
        ? { kind: 'ok', value: output.data }
        : { kind: 'failed', failure: unreadable(path) };
    },
    follow(procedure, listener) {
      const path = pathOf(procedure);
      return transport.subscribe(path, undefined, {
        onEvent(raw) {
          const event = procedure.output.safeParse(raw);
          if (event.success) listener.onEvent(event.data);
          else listener.onFailure(unreadable(path));
        },
        onFailure: listener.onFailure,
      });
    },
  };
}
