import { describe, expect, it } from 'vitest';
import type { BackupTier } from '../../../src/domain/backup/policy.ts';
import { templateOf } from '../../../src/domain/backup/template.ts';
import { type PolicyFacts, planBackupPolicy } from '../../../src/operations/backup/run-backup-policy/plan.ts';

const tier = (name: string, kind: BackupTier['kind']): BackupTier => ({
  ...{ name, kind, cron: '0 1 * * 0', jitterSeconds: 0, keep: [{ rule: 'COUNT', count: 3 }], verify: 'L0' },
});

const content = {
  ...templateOf({ repository: 'nightly', databases: ['sales'] }),
  tiers: [tier('weekly', 'FULL'), tier('daily', 'INCREMENTAL')],
};

const replicas = {
  ...{ databases: 1, tables: 2, tablets: 12, replicas: 36, unhealthyTablets: 2, inconsistentTablets: 0 },
  ...{ cloningTablets: 0, errorStateTablets: 0, deadBackends: [{ label: 'be 192.0.2.22:9050', replicas: 41 }] },
};

const facts: PolicyFacts = {
  ...{ runMode: 'shared_nothing', version: '3.5.0', databases: ['sales'], catalogs: [], takesMaterialized: false },
  repositories: [{ name: 'nightly', isReadOnly: false, location: 's3a://b/p', createdAt: null, errorMessage: null }],
  policy: {
    ...{ id: 'bpl_1', clusterId: 'clu_1', name: 'shipped', content, owner: { id: 'per_1', name: 'Owner' } },
    ...{ armed: null, revision: 1, createdAt: new Date(0), changedAt: new Date(0) },
  },
  replicas,
  looked: [{ database: 'sales', isEmpty: false, runningJob: null }],
};

function planned(name: string, more: Partial<PolicyFacts> = {}) {
  const plan = planBackupPolicy({ policyId: 'bpl_1', tier: name }, { ...facts, ...more });
  if ('refusals' in plan) throw new Error(JSON.stringify(plan.refusals));
  return { steps: plan.steps, notes: (plan.notes ?? []).join('\n') };
}

describe('the notes in the plan of a policy', () => {
  it('say which backends are down and that tablets miss replicas, or that it is not known, and refuse nothing', () => {
    expect(planned('weekly').notes).toMatch(
      /1 backend is down \(be 192\.0\.2\.22:9050 with 41 replicas\): BACKUP fails/,
    );
    expect(planned('weekly').notes).toMatch(/2 tablets of the cluster miss a healthy replica/);
    expect(planned('weekly', { replicas: null }).notes).toMatch(/Not known: whether backends are down/);
  });

  it('say what the setting of the leader makes of materialized views, which an incremental backup never takes', () => {
    expect(planned('weekly').notes).toMatch(
      /Not held: Materialized views, because enable_backup_materialized_view is false/,
    );
    expect(planned('weekly', { takesMaterialized: null }).notes).toMatch(/Not held: Materialized views, perhaps/);
    expect(planned('weekly', { takesMaterialized: true }).notes).not.toMatch(/Materialized/);
    for (const takesMaterialized of [true, false, null])
      expect(planned('daily', { takesMaterialized }).notes).toMatch(/Materialized views that BACKUP does not name/);
  });

  it('change nothing in its steps', () => {
    const { steps } = planned('weekly');
    for (const more of [{ replicas: null }, { takesMaterialized: true }, { takesMaterialized: null }])
      expect(planned('weekly', more).steps).toEqual(steps);
  });
});
