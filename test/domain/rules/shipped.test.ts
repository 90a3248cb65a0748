import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultAlertTimes } from '../../../src/domain/alert-life.ts';
import { workOn } from '../../../src/domain/alert-mute.ts';
import { findMetric } from '../../../src/domain/metrics/catalogue/index.ts';
import { factsOfMetricRules } from '../../../src/domain/rules/book.ts';
import { checksOfNodes, hidingsOf } from '../../../src/domain/rules/inhibitions.ts';
import { mistakesInChanges } from '../../../src/domain/rules/mistakes.ts';
import { isMetricRule, ownPrefix } from '../../../src/domain/rules/rule.ts';
import { shippedRules } from '../../../src/domain/rules/shipped/index.ts';
import { rules as checks } from '../../../src/monitor/rules/index.ts';
import { operations } from '../../../src/operations/index.ts';

const root = new URL('../../../', import.meta.url);

describe('the shipped rules', () => {
  it('have names of their own, which people cannot take', () => {
    const names = shippedRules.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.startsWith(ownPrefix) || !/^[a-z][a-z0-9_]{2,59}$/.test(name))).toEqual([]);
  });

  it('have a public face for every rule in code, which says the same of it, and for no other', () => {
    const faces = shippedRules.filter(({ on }) => on.kind === 'CHECK');
    expect(faces.map(({ name }) => name).toSorted()).toEqual(checks.map(({ name }) => name).toSorted());
    for (const face of faces) {
      const check = checks.find(({ name }) => name === face.name);
      expect([face.name, face.isInhibitedByRuns, face.isNeverHidden]).toEqual([
        ...[check?.name, check?.isInhibitedByRuns, check?.isNeverHidden],
      ]);
    }
  });

  /** Whatever takes the leader, the data or the way back is told in the middle of any work, and so is what tells that the work was lost. */
  const neverHiddenByRuns = [
    ...['cluster_unreachable', 'no_leader', 'tablets_without_replica', 'tablets_in_error', 'tablets_inconsistent'],
    ...['disk_filling', 'disk_nearly_full', 'disk_broken', 'log_disk_filling', 'checkpoint_not_running', 'safe_mode'],
    ...['backup_failed', 'backup_missed', 'backup_too_old', 'backup_shrunk', 'backup_verification_failed'],
    ...['cluster_snapshot_failed', 'cluster_snapshot_old', 'repository_unhealthy'],
    ...['certificate_expires_soon', 'certificate_nearly_expired', 'run_waits', 'looks_late'],
  ];

  it('are explained by the death of a node only where they are about nodes', () => {
    const explained = shippedRules.filter((rule) =>
      hidingsOf(rule).some((hiding) => hiding.kind === 'RULE' && hiding.isOfSameNode),
    );
    const names = explained.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['disk_filling', 'heap_high', 'node_stopped']));
    for (const name of [
      'cluster_unreachable',
      'no_leader',
      'query_p95_high',
      'transactions_near_limit',
      'backup_missed',
    ])
      expect(names).not.toContain(name);
    const codeOf = (name: string) =>
      readFileSync(new URL(`src/monitor/rules/${name.replaceAll('_', '-')}.ts`, root), 'utf8');
    const ofNodes = checks.map(({ name }) => name).filter((name) => !codeOf(name).includes('nodeId: () => null'));
    expect(ofNodes.toSorted()).toEqual(checksOfNodes.toSorted());
  });

  it('are told in the middle of a run, but for those that say that the very node is away which it takes away', () => {
    const nodeId = 'nod_1';
    const at = new Date('2026-11-28T12:00:00Z');
    const sample = { at, conditions: [], unjudged: [], plannedWork: [{ nodeId, runId: 'run_1' }] };
    const policy = { times: defaultAlertTimes, rules: [...checks, ...factsOfMetricRules({ rules: shippedRules })] };
    const hidden = (of: string | null) =>
      shippedRules.map(({ name }) => name).filter((rule) => workOn({ rule, nodeId: of }, sample, policy) !== null);
    expect(hidden(nodeId).toSorted()).toEqual(['frontend_no_greeting', 'node_down', 'quorum_at_risk']);
    expect([...hidden('nod_2'), ...hidden(null)]).toEqual([]);
    expect(neverHiddenByRuns.filter((name) => !shippedRules.some((rule) => rule.name === name))).toEqual([]);
    expect(hidden(nodeId).filter((name) => neverHiddenByRuns.includes(name))).toEqual([]);
  });

  it.each(shippedRules.map((rule) => [rule.name, rule] as const))('%s can be judged, read and acted on', (_, rule) => {
    if (isMetricRule(rule)) {
      const changes = { isOff: null, limits: rule.on, forMs: rule.forMs, severity: rule.severity };
      expect(mistakesInChanges(rule, changes)).toEqual([]);
      expect((rule.on.tells ?? []).filter((name) => findMetric(name) === undefined)).toEqual([]);
      if (rule.on.upTo !== undefined) expect(shippedRules.map(({ name }) => name)).toContain(rule.on.upTo);
    }
    for (const text of [rule.means, rule.todo]) expect(text).toMatch(/^[A-Z"].*[.)]$/s);
    const known = operations.map(({ name }) => name);
    if (rule.action !== null) expect(known).toContain(rule.action);
    const [page = '', section] = (rule.runbook ?? '').split('#');
    expect(existsSync(new URL(page, root))).toBe(true);
    expect(readFileSync(new URL(page, root), 'utf8')).toContain(`\n## ${section}\n`);
  });
});
