import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { upgradeChecks } from '../../../src/domain/upgrade/checks.ts';
import type { UpgradeFacts } from '../../../src/domain/upgrade/checks-facts.ts';
import { upgradeCheckNames } from '../../../src/domain/upgrade/checks-verdict.ts';
import { be, facts, fe, release } from '../../domain/upgrade/checks-builders.ts';

const guide = await readFile(new URL('../../../docs/upgrade.md', import.meta.url), 'utf8');
const rows = [...guide.matchAll(/^\| `([a-z-]+)` \| .+ \| (.+) \|$/gm)].map(([, name = '', otherwise = '']) => ({
  name,
  otherwise,
}));
const words = { BLOCK: 'blocks', WARN: 'warns', INFO: 'tells' } as const;
const dark = { failed: 'no answer' };

/** Clusters of which, taken together, everything is wrong that a check may fail for. */
const troubles: readonly UpgradeFacts[] = [
  facts({ release: null, archive: null }),
  facts({ nodes: [fe(1, { alive: false, hostId: null, onHost: null }), be(1, { decommissioning: true })] }),
  facts({
    nodes: [fe(1, { role: 'LEADER' }), be(1)],
    newestBackupAt: null,
    release: release({ contents: ['BACKEND'] }),
  }),
  facts({ replicas: dark, backupJobs: dark, work: dark, archive: dark, singleReplicaTables: dark }),
  facts({ routineLoads: { value: 1 }, runningQueries: { value: 1_000 } }),
];

describe("the guide's table of checks", () => {
  it('names every check, in the order in which they are made', () => {
    expect(rows.map(({ name }) => name)).toEqual([...upgradeCheckNames]);
  });

  it('says how bad a failure is as the checks themselves do', () => {
    const limits = { maxRunningQueries: 20, maxBackupAgeHours: 24, direction: null };
    const failures = troubles
      .flatMap((trouble) => upgradeChecks(trouble, limits))
      .filter(({ status }) => status === 'FAIL');
    expect(new Set(failures.map(({ name }) => name)).size).toBeGreaterThan(15);
    for (const { name, severity } of failures) {
      const row = rows.find((each) => each.name === name);
      expect(row?.otherwise, `${name} fails as ${severity}`).toContain(words[severity]);
    }
  });
});
