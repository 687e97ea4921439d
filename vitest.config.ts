import { defineConfig } from 'vitest/config';

/** Unit tests are pure and parallel; integration and contract tests hold real sockets, disks and processes, so they run file by file. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['tests/unit/**/*.test.{ts,tsx}'],
          // Unsampled fuzzing takes its time.
          testTimeout: process.env['BELVEDERE_TEST_FULL'] === '1' ? 300_000 : 5000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['tests/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'contract',
          include: ['tests/contract/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
