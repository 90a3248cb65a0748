import { describe, expect, it } from 'vitest';
import { healthWord } from '../../../src/domain/cluster.ts';
import { couldLook, evaluateHealth, type HealthFacts, unreachableCheck } from '../../../src/domain/health-checks.ts';
import { spreadCheck } from '../../../src/domain/topology-change/location.ts';
import { upgradeChecks } from '../../../src/domain/upgrade/checks.ts';
import type { UpgradeFacts, UpgradeNode } from '../../../src/domain/upgrade/checks-facts.ts';
import { hasLooked, type NamedCheck } from '../../../src/domain/verdict.ts';
import { readinessOf } from '../../../src/operations/upgrade/check-upgrade/inspect-upgrade.ts';
import { be, facts, fe, host, onHost, release } from './checks-builders.ts';

/*
 * A check that looked at nothing, or not at everything, passes nothing: whatever is taken away from what is known, the
 * checks that look at it do not say PASS.
 */

const passed = (checks: readonly NamedCheck[]) =>
  checks.filter(({ status }) => status === 'PASS').map(({ name }) => name);
const limits = { maxRunningQueries: 10, maxBackupAgeHours: 24, direction: null } as const;
const passedOf = (more: Partial<UpgradeFacts>) => passed(upgradeChecks(facts(more), limits));
const failed = { failed: 'no answer' };

/** The checks that would have looked at what `nodes` lack on one of them. */
function withOne(more: Partial<UpgradeNode>): UpgradeNode[] {
  return [fe(1, { role: 'LEADER' }), fe(2), { ...fe(3), ...more }, be(1), be(2), { ...be(3), ...more }];
}

const aboutHosts = ['hosts-answer', 'disk-space', 'swap-possible', 'service-control', 'jdk', 'conf-keys'];

describe('a check of an upgrade', () => {
  it.each<[string, Partial<UpgradeFacts>, string[]]>([
    ['tablets', { replicas: failed }, ['tablets-healthy']],
    ['tables with one replica', { singleReplicaTables: failed }, ['single-replica-tables']],
    ['backups that run', { backupJobs: failed }, ['no-backup-or-restore']],
    ['work under way', { work: failed }, ['no-schema-change', 'loads-running']],
    ['routine loads', { routineLoads: failed }, ['routine-loads']],
    ['running queries', { runningQueries: failed }, ['running-queries']],
    ['images', { images: [] }, ['image-fresh']],
    ['one image', { images: [{ label: 'fe 1', image: failed }] }, ['image-fresh']],
    ['backups', { newestBackupAt: null }, ['backup-fresh']],
    ['the archive', { archive: null }, ['archive-intact', 'release-contents']],
    ['the archive, which could not be asked for', { archive: failed }, ['archive-intact', 'release-contents']],
    [
      'the release',
      { release: null },
      ['release-registered', 'release-contents', 'archive-intact', 'jdk', 'disk-space'],
    ],
    ['the size of the archive', { release: release({ sizeBytes: null }), archive: null }, ['disk-space']],
    ['all hosts', { hosts: [] }, ['hosts-answer', 'tools-on-host', 'clocks', 'frontend-clocks']],
    ['the host of two nodes', { nodes: withOne({ onHost: null, hostId: null }) }, ['hosts-attached', ...aboutHosts]],
    ['what two hosts say', { nodes: withOne({ onHost: failed }) }, aboutHosts],
    [
      'one host',
      { hosts: [host('10.0.0.1'), host('10.0.0.2', { look: failed })] },
      ['hosts-answer', 'tools-on-host', 'clocks', 'frontend-clocks'],
    ],
    [
      'one clock',
      { hosts: [host('10.0.0.1'), host('10.0.0.2', { look: { value: { clock: null, missingTools: [] } } })] },
      ['clocks', 'frontend-clocks'],
    ],
    [
      'a disk, a JDK, a process and a file',
      { nodes: withOne({ onHost: { value: onHost({ disk: null, java: null, process: null, confText: null }) } }) },
      ['disk-space', 'jdk', 'service-control', 'conf-keys'],
    ],
    [
      'the version of two nodes',
      { nodes: withOne({ version: null }) },
      ['mixed-versions', 'conf-keys', 'path-allowed'],
    ],
  ])('does not pass without %s', (_what, more, checks) => {
    expect(passedOf(more).filter((name) => checks.includes(name))).toEqual([]);
  });

  it('of the conf files of a downgrade does not pass without one of them', () => {
    const older = (more: Partial<UpgradeNode>) => [{ ...fe(1, { role: 'LEADER' }), ...more }, fe(2), fe(3), be(1)];
    for (const more of [
      { onHost: null },
      { onHost: failed },
      { version: null },
      { onHost: { value: onHost({ confText: null }) } },
    ]) {
      const given = { to: '3.4.6', release: release({ version: '3.4.6' }), nodes: older(more) };
      expect(passedOf(given)).not.toContain('downgrade-log-ids');
    }
  });

  it('passes nothing at all of a cluster of which nothing is known', () => {
    const nothing = facts({
      ...{ release: null, archive: null, runMode: null, nodes: [], hosts: [], images: [], newestBackupAt: null },
      ...{ replicas: failed, singleReplicaTables: failed, backupJobs: failed, work: failed, routineLoads: failed },
      runningQueries: failed,
    });
    // Starwarden knows by itself which upgrades it keeps binaries of.
    expect(passed(upgradeChecks(nothing, limits))).toEqual(['kept-binaries']);
  });
});

describe('a check of a cluster', () => {
  const nothing: HealthFacts = {
    ...{
      nodes: [],
      replicas: null,
      repositories: null,
      singleReplicaTables: null,
      spread: spreadCheck(null, []),
      unhealthyHttp: [],
      hosts: [],
    },
    ...{ attached: [], failedLogins: [], newestBackupAt: null, now: new Date(0), notAsked: {} },
  };

  it('passes nothing at all when nothing is known', () => {
    expect(passed(evaluateHealth(nothing))).toEqual([]);
  });

  it('does not pass one version while a living node tells none', () => {
    const nodes = [fe(1, { role: 'LEADER' }), fe(2), fe(3), { ...be(1), version: null }];
    expect(passed(evaluateHealth({ ...nothing, nodes }))).not.toContain('same-version');
  });
});

describe('a report', () => {
  const check = (status: NamedCheck['status'], severity: NamedCheck['severity'] = 'BLOCK'): NamedCheck => ({
    ...{ name: 'one', observed: 'something', wanted: 'something', hint: null },
    ...{ status, severity },
  });

  it.each<[string, NamedCheck[], string, string]>([
    ['of nothing', [], 'UNKNOWN', 'UNKNOWN'],
    ['of which nothing was made', [check('SKIPPED'), check('SKIPPED', 'INFO')], 'UNKNOWN', 'UNKNOWN'],
    ['in which only warnings were looked at', [check('SKIPPED'), check('PASS', 'WARN')], 'UNKNOWN', 'UNKNOWN'],
    ['that warns, and has not looked at what decides', [check('SKIPPED'), check('FAIL', 'WARN')], 'UNKNOWN', 'UNKNOWN'],
    ['in which one that decides was made', [check('SKIPPED'), check('PASS')], 'HEALTHY', 'READY'],
    ['that is complete', [check('PASS', 'WARN'), check('PASS')], 'HEALTHY', 'READY'],
    ['with a warning', [check('SKIPPED', 'INFO'), check('PASS'), check('FAIL', 'WARN')], 'DEGRADED', 'WARNINGS'],
    ['with a failure', [check('SKIPPED'), check('FAIL')], 'CRITICAL', 'BLOCKED'],
  ])('%s has its word', (_what, checks, health, readiness) => {
    expect(healthWord(checks)).toBe(health);
    expect(readinessOf(checks)).toBe(readiness);
    expect(hasLooked(checks)).toBe(health !== 'UNKNOWN');
  });

  it('of a cluster that did not answer rests on no look', () => {
    expect(couldLook([unreachableCheck({ message: 'refused', hint: null })])).toBe(false);
    expect(couldLook([check('SKIPPED')])).toBe(false);
    expect(couldLook([check('FAIL')])).toBe(true);
  });
});
