/** Whether long suites run whole (`npm run test:full`) and not sampled. */
export const runsWhole = process.env['BELVEDERE_TEST_FULL'] === '1';
