import { AnswerMemory } from './answer-memory.ts';

/** What the HTTP server counts about itself. Routes are patterns, so that the number of labels is bounded. */
export interface HttpMetrics {
  countRequest(route: string, status: number): void;
  countUnauthorized(): void;
  readonly requests: readonly { readonly route: string; readonly status: number; readonly count: number }[];
  readonly unauthorized: number;
  /** Counts what it holds itself. */
  readonly answerMemory: AnswerMemory;
}

/** Sixteen of the largest segments there can be. */
const ANSWER_MEMORY_BYTES = 128 * 1024 ** 2;

export function createHttpMetrics(): HttpMetrics {
  const counts = new Map<string, { route: string; status: number; count: number }>();
  let unauthorized = 0;
  return {
    answerMemory: new AnswerMemory(ANSWER_MEMORY_BYTES),
    countRequest(route, status) {
      const key = `${status} ${route}`;
      const entry = counts.get(key) ?? { route, status, count: 0 };
      entry.count += 1;
      counts.set(key, entry);
    },
    countUnauthorized() {
      unauthorized += 1;
    },
    get requests() {
      return [...counts.values()];
    },
    get unauthorized() {
      return unauthorized;
    },
  };
}
