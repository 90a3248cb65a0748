import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { patienceMs } from './sandbox/patience.ts';
import { listTestFiles, type ProjectName } from './test/helpers/running/projects.ts';
import LongestFirst from './test/helpers/running/sequencer.ts';

const files = listTestFiles();

function project(name: ProjectName, more: TestProjectInlineConfiguration['test']): TestProjectInlineConfiguration {
  return { extends: true, test: { name, include: files[name], ...more } };
}

/**
 * More at a time than a small machine has cores: two thirds of the time of a test with processes is waiting. To load the program takes more than a
 * second's work, so files share processes, one file after the other; what a module keeps for itself is there for the next.
 */
const processes: TestProjectInlineConfiguration['test'] = {
  pool: 'forks',
  isolate: false,
  maxWorkers: 4,
  setupFiles: ['test/helpers/running/accuse.ts'],
  // A tenth of the work of these processes was to collect what a test has just thrown away.
  execArgv: ['--max-semi-space-size=32'],
};

const nodes: TestProjectInlineConfiguration['test'] = {
  ...processes,
  setupFiles: ['test/helpers/running/accuse.ts', 'test/helpers/running/use-bundled-nodes.ts'],
};

export default defineConfig({
  // Vite would take graphql's ES modules, Node takes its CommonJS ones for the libraries, and graphql refuses to be there twice.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    // Which file belongs where follows from what it loads: see `projectOf`. `scripts/commands/test.mjs` leaves `long` out.
    projects: [
      project('pure', { pool: 'threads', maxWorkers: 2, isolate: false, sequence: { groupOrder: 0 } }),
      project('store', { ...processes, sequence: { groupOrder: 1 } }),
      project('world', { ...nodes, sequence: { groupOrder: 1 } }),
      project('long', { ...nodes, isolate: true, maxWorkers: 3, sequence: { groupOrder: 2 } }),
    ],
    sequence: { sequencer: LongestFirst },
    globalSetup: ['test/helpers/services-setup.ts'],
    reporters: ['default', './test/helpers/summary-reporter.ts'],
    // Tests talk to real processes: the limits leave room for a busy machine, so that only a hang reaches them.
    // What is waited for within a test gives up first, and says what it waited for.
    testTimeout: 2.5 * patienceMs,
    hookTimeout: 2.5 * patienceMs,
    teardownTimeout: patienceMs,
    expect: { poll: { timeout: patienceMs } },
  },
});
