import { describe, expect, it } from 'vitest';
import { listTestFiles, projectOf } from '../helpers/running/projects.ts';
import { recordedSeconds } from '../helpers/running/recorded-seconds.ts';

const invented: Record<string, string> = {
  'test/helpers/services.ts': "import { inject } from 'vitest';",
  'test/helpers/engine.ts': "import { createTestDatabase } from './services.ts';",
  'test/helpers/world.ts': "import type { World } from '../../sandbox/world/start-world.ts';",
  'sandbox/world/start-world.ts': "import { spawnNode } from '../spawn.ts';",
  'sandbox/spawn.ts': "import { spawn } from 'node:child_process';",
  'src/store/database.ts': "import { startProgram } from '../../sandbox/spawn.ts';",
};

function judge(file: string, source: string) {
  return projectOf(file, (path) => (path === file ? source : (invented[path] ?? null)));
}

describe('the project of a test file', () => {
  it.each([
    ['nothing', 'pure', "import { expect } from 'vitest';"],
    ['sources, whatever they load', 'pure', "import { openDatabase } from '../../src/store/database.ts';"],
    ['only types of a world', 'pure', "import type { World } from '../../sandbox/world/start-world.ts';"],
    ['the services themselves', 'store', "import { createTestDatabase } from '../helpers/services.ts';"],
    ['the services through a helper', 'store', "import { startEngine } from '../helpers/engine.ts';"],
    ['a world', 'world', "import { startWorld } from '../../sandbox/world/start-world.ts';"],
    [
      'a world in the middle of a test',
      'world',
      "const { startWorld } = await import('../../sandbox/world/start-world.ts');",
    ],
    ['both', 'world', "import '../helpers/services.ts';\nimport '../../sandbox/world/start-world.ts';"],
    ['programs', 'world', "import { spawnSync } from 'node:child_process';"],
  ])('that loads %s is %s', (_what, project, source) => {
    expect(judge('test/domain/some.test.ts', source)).toBe(project);
  });

  it('is long in the folder of the long ones, whatever it loads', () => {
    expect(judge('test/long/some.test.ts', '')).toBe('long');
  });
});

describe('the test files', () => {
  const files = listTestFiles();
  it('are in every project', () => {
    expect(files.pure).toContain('test/running/budget.test.ts');
    expect(files.store).toContain('test/runs/runner.test.ts');
    expect(files.world).toContain('test/operations/node/restart-node.test.ts');
    expect(files.long).toContain('test/long/upgrade/round-trip.test.ts');
  });

  it('whose seconds are recorded are there', () => {
    const all = new Set(Object.values(files).flat());
    expect(Object.keys(recordedSeconds).filter((file) => !all.has(file))).toEqual([]);
  });
});
