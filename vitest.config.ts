import { defineConfig } from 'vitest/config';
import { patienceMs } from './sandbox/patience.ts';

/**
 * Labs that take minutes each, with everything real: `npm run test:long` runs them, and whoever names one to `npm test`. What they
 * hold in the large, other tests hold in the small.
 */
const long = ['round-trip', 'orchestration-crashes', 'orchestration-people', 'faults-frontends', 'faults-hosts'].map(
  (name) => `test/operations/upgrade/${name}.test.ts`,
);
const wanted = process.env.STARWARDEN_TESTS;

export default defineConfig({
  // Vite would take graphql's ES modules, Node takes its CommonJS ones for the libraries, and graphql refuses to be there twice.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: wanted === 'long' ? long : ['test/**/*.test.ts'],
    exclude: wanted === 'short' ? long : [],
    globalSetup: ['test/helpers/services-setup.ts'],
    reporters: ['default', './test/helpers/summary-reporter.ts'],
    pool: 'forks',
    // More than there are cores on a small machine: most of what is tested is waited for.
    maxWorkers: 3,
    // Tests talk to real processes: the limits leave room for a busy machine, so that only a hang reaches them.
    // What is waited for within a test gives up first, and says what it waited for.
    testTimeout: 2.5 * patienceMs,
    hookTimeout: 2.5 * patienceMs,
    teardownTimeout: patienceMs,
    expect: { poll: { timeout: patienceMs } },
  },
});
