import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, severities } from '../../../src/domain/alert.ts';
import { applySample, type Condition, defaultAlertTimes, textOf } from '../../../src/domain/alert-life.ts';
import { mutesOf } from '../../../src/domain/alert-mute.ts';
import type { LoginAttempt } from '../../../src/domain/metrics/login-attempts.ts';
import { inhibitions, standAlone } from '../../../src/domain/rules/inhibitions.ts';
import { findShippedRule } from '../../../src/domain/rules/shipped/index.ts';
import type { Parts } from '../../../src/monitor/read-parts.ts';
import { rules } from '../../../src/monitor/rules/index.ts';
import { failed, good, part, watched } from './backup-builders.ts';
import { calm, frontend, node, seen, since, unreachable, unseen } from './builders.ts';
import { withRepository } from './repository-builders.ts';

type Examples = {
  /** A look in which the condition holds, and what makes the alert this one and no other. */
  readonly holds: Parts;
  readonly labels: Readonly<Record<string, string>>;
  readonly holdsNot: Parts;
  /** What is said when it is over. */
  readonly over: string;
};

const stopped = {
  ...{ nodeId: 'nod_1', label: 'be 10.0.0.11:9050', runId: 'run_1', runNumber: 12, byName: 'kim' },
  at: since,
};

function withAttempts(...attempts: LoginAttempt[]): Parts {
  const nothing = { measurements: [], unknown: [], impossibleUsers: new Map() };
  return {
    ...seen([frontend(1)]),
    metrics: { ...nothing, at: since, loginAttempts: new Map([['nod_fe1', attempts]]) },
  };
}

/** By rule. A rule without examples fails below: this is the line that a new one adds. */
const examples: Record<string, Examples> = {
  cluster_unreachable: {
    holds: unseen(unreachable),
    labels: {},
    holdsNot: seen([node()]),
    over: 'The cluster answers and can be observed, or was shut down on purpose',
  },
  repository_unhealthy: {
    holds: withRepository({ errorMessage: '2026-11-27 10:00:00: connection refused' }),
    labels: { repository: 'nightly' },
    holdsNot: withRepository({}),
    over: 'The repository nightly can be used again, or is not under management any more',
  },
  frontend_no_greeting: {
    holds: { ...seen([frontend(1)]), silentPorts: [{ host: '10.0.0.9', port: 9030, why: 'it sends no greeting' }] },
    labels: { frontend: '10.0.0.9:9030' },
    holdsNot: seen([frontend(1)]),
    over: 'The frontend 10.0.0.9:9030 greets whoever connects, or is not asked any more',
  },
  impossible_logins: {
    holds: withAttempts({ name: '"}', at: since }),
    labels: {},
    holdsNot: withAttempts(),
    over: 'No such name was new on any frontend for an hour',
  },
  node_stopped: {
    holds: {
      ...seen([node({ alive: false })]),
      stopped: { nodes: [stopped], contradicted: [], explainsSilence: false },
    },
    labels: { node: 'be 10.0.0.11:9050' },
    holdsNot: seen([node()]),
    over: 'Be 10.0.0.11:9050 was started, or has left the cluster',
  },
  node_down: {
    holds: seen([node({ alive: false })]),
    labels: { node: 'be 10.0.0.11:9050' },
    holdsNot: seen([node()]),
    over: 'The cluster does not show be 10.0.0.11:9050 as down any more',
  },
  backup_failed: {
    holds: watched({ backups: [good('1', 2, { state: 'BROKEN', checks: [], problem: 'no disk' })] }),
    labels: { policy: 'nightly', database: 'sales' },
    holdsNot: watched(),
    over: 'The newest backup of sales by policy nightly is not a failed one any more',
  },
  backup_missed: {
    holds: watched({ parts: [{ ...part, dueAt: new Date('2026-11-27T03:00:00Z') }], backups: [] }),
    labels: { policy: 'nightly', tier: 'daily' },
    holdsNot: watched(),
    over: 'The tier daily of policy nightly has run again, or is not due',
  },
  backup_too_old: {
    holds: watched({ backups: [good('1', 31)] }),
    labels: { policy: 'nightly', database: 'sales' },
    holdsNot: watched(),
    over: 'The newest verified backup of sales is as young as policy nightly promises, or nothing is promised any more',
  },
  backup_shrunk: {
    holds: watched({ backups: [good('1', 200, { sizeBytes: 9 }), good('2', 9, { sizeBytes: 1 })] }),
    labels: { policy: 'nightly', database: 'sales' },
    holdsNot: watched(),
    over: 'The newest full backup of sales by policy nightly is not much smaller than the one before',
  },
  backup_verification_failed: {
    holds: watched({ backups: [good('1', 9, { state: 'BROKEN', checks: [failed] })] }),
    labels: { policy: 'nightly', database: 'sales' },
    holdsNot: watched(),
    over: 'A newer backup of sales by policy nightly was verified, or the damaged one is gone',
  },
};

const takenAt = new Date('2026-03-01T10:00:00Z');
const name = `automated_cluster_snapshot_${takenAt.getTime()}`;
const job = { name, id: 1, createdAt: takenAt, finishedText: null, error: null } as const;
const newest = { name, type: 'AUTOMATED', createdAt: takenAt, storageVolume: 'v', storagePath: 's3://b' } as const;
const read = { isSeen: true, intervalMs: 600_000, at: new Date(takenAt.getTime() + 60_000) } as const;
const failedJob = { ...job, state: 'ERROR', error: 'upload image failed' } as const;
const finished = { ...job, state: 'FINISHED' } as const;
examples.cluster_snapshot_failed = {
  holds: { ...seen([node()]), clusterSnapshots: { ...read, newest: null, jobs: [failedJob] } },
  labels: {},
  holdsNot: { ...seen([node()]), clusterSnapshots: { ...read, newest, jobs: [finished, failedJob] } },
  over: 'The newest job that ended made a snapshot, or they are off',
};
examples.cluster_snapshot_old = {
  holds: { ...seen([node()]), clusterSnapshots: { ...read, at: since, newest, jobs: [finished] } },
  labels: {},
  holdsNot: { ...seen([node()]), clusterSnapshots: { ...read, newest, jobs: [finished] } },
  over: 'A newer snapshot was finished, or they are off',
};

const waitingRun = { number: 12, operation: 'upgradeCluster', state: 'PAUSED', since } as const;
const threeFrontends = [frontend(1, { role: 'LEADER' }), frontend(2), frontend(3, { alive: false })];
examples.no_leader = {
  holds: { ...seen(threeFrontends), topology: { isSeen: true, nodes: threeFrontends, leader: null, problems: [] } },
  labels: {},
  holdsNot: seen(threeFrontends),
  over: 'A frontend leads again',
};
examples.quorum_at_risk = {
  holds: seen(threeFrontends),
  labels: {},
  holdsNot: seen(threeFrontends.map((each) => ({ ...each, alive: true }))),
  over: 'A frontend can fail again without the cluster losing its leader',
};
examples.versions_mixed = {
  holds: seen([node(), node({ id: 'nod_2', host: '10.0.0.12', version: '3.4.1-0000000' })]),
  labels: {},
  holdsNot: {
    ...seen([node(), node({ id: 'nod_2', host: '10.0.0.12', version: '3.4.1-0000000' })]),
    own: { ...calm, isChanging: true },
  },
  over: 'All nodes run one version, or a run has the cluster',
};
examples.looks_late = {
  holds: { ...seen([node()]), own: { ...calm, lookGapMs: 61_000 } },
  labels: {},
  holdsNot: { ...seen([node()]), own: { ...calm, lookGapMs: null } },
  over: 'A look came in time',
};
examples.run_waits = {
  holds: { ...seen([node()]), own: { ...calm, waiting: [waitingRun] } },
  labels: { run: 'R-12' },
  holdsNot: seen([node()]),
  over: 'R-12 does not wait for anybody any more',
};

const configured = rules.map((rule) => rule.configure(undefined));
const policy = { times: defaultAlertTimes, rules: configured };
const at = new Date(since.getTime() + 3_600_000);

/** The alert that the condition opened an hour ago. */
function alertOf(condition: Condition): Alert {
  const { startedAt, forMs, minSamples, text, ...rest } = condition;
  return {
    ...rest,
    id: 'alr_1',
    number: 1,
    clusterId: 'clu_1',
    clusterName: 'prod-eu',
    environment: 'prod',
    text: textOf(condition, since),
    signal: 'FIRING',
    handling: { kind: 'UNACKED' },
    mute: { kind: 'NONE' },
    since,
    openedAt: since,
    lastSeenAt: since,
    resolvedAt: null,
    closedAt: null,
    count: 1,
    flaps: 0,
    turns: [],
    flapping: null,
    hiddenSince: null,
    isNeverHidden: false,
    assignee: null,
    resolvedBy: null,
    previousId: null,
    revision: 1,
    changedAt: since,
  };
}

/** What the rule makes of a look. */
function sampleOf(rule: (typeof configured)[number], parts: Parts) {
  const judged = rule.judge('clu_1', parts);
  return 'unjudged' in judged
    ? { at, conditions: [], unjudged: [rule.name], plannedWork: [] }
    : { at, conditions: judged, unjudged: [], plannedWork: [] };
}

function next(rule: (typeof configured)[number], alert: Alert, parts: Parts): Alert {
  const effect = applySample({ alerts: [alert], pending: [] }, sampleOf(rule, parts), policy);
  return effect.changed[0]?.alert ?? effect.kept[0] ?? alert;
}

describe.each(configured.map((rule) => [rule.name, rule] as const))('the rule %s', (name, rule) => {
  const example = examples[name];
  if (example === undefined) throw new Error(`there are no examples of the rule ${name}`);
  const judged = rule.judge('clu_1', example.holds);
  const conditions = 'unjudged' in judged ? [] : judged;

  it('is found in its example, with words for now and for the past', () => {
    expect(conditions.map(({ rule: of, labels }) => [of, labels])).toEqual([[name, example.labels]]);
    for (const condition of conditions) {
      expect(condition.title).toMatch(/\S/);
      // What people read of the rule says how bad its alerts get.
      const worst = severities.indexOf(findShippedRule(name)?.severity ?? 'LOW');
      expect(severities.indexOf(condition.severity)).toBeGreaterThanOrEqual(worst);
      expect(condition.pastTitle).toMatch(/\S/);
      expect(condition.pastTitle).not.toBe(condition.title);
      expect(textOf(condition, since)).toMatch(/ since 2026-03-01 12:00:05 UTC[.:] .+\.$/);
      expect(condition.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it('is hidden by other rules, or not, as people are told', () => {
    expect(rule.standsAlone === true).toBe(standAlone.includes(name));
    expect(rule.inhibits).toEqual(Object.entries(inhibitions).find(([each]) => each === name)?.[1] ?? null);
  });

  it('waits for as long as its record says', () => {
    for (const { forMs, minSamples } of conditions) expect({ forMs, minSamples }).toEqual(findShippedRule(name)?.waits);
  });

  it('is not found where it does not hold', () => {
    expect(rule.judge('clu_1', example.holdsNot)).toEqual([]);
  });

  it('makes conditions that are data: JSON gives them back', () => {
    for (const { startedAt, ...condition } of conditions) {
      expect(JSON.parse(JSON.stringify(condition))).toEqual(condition);
      expect(startedAt).toSatisfy((value) => value === null || value instanceof Date);
    }
  });

  it('says in words of its own what was found when it is over', () => {
    for (const condition of conditions) {
      const over = next(rule, alertOf(condition), example.holdsNot);
      expect(over.signal).toBe('RESOLVED');
      expect(over.text).toMatch(new RegExp(`^${example.over.replaceAll('.', '\\.')}, seen at `));
    }
  });

  it.each([
    ['told nothing', unseen(unreachable)],
    ['told its nodes', seen([])],
  ])('resolves nothing that it cannot judge, when the cluster %s', (_how, parts) => {
    const judgement = rule.judge('clu_1', parts);
    if (!('unjudged' in judgement)) return expect(judgement).toBeInstanceOf(Array);
    expect(judgement.unjudged).toMatch(/\S/);
    for (const condition of conditions) expect(next(rule, alertOf(condition), parts).signal).toBe('STALE');
  });

  it('has a name that fits the database, and hides only rules that there are', () => {
    expect(name).toMatch(/^[a-z][a-z0-9_]{2,39}$/);
    const hidden = rule.inhibits === null || rule.inhibits.rules === 'others' ? [] : rule.inhibits.rules;
    for (const other of hidden) expect(rules.map((each) => each.name)).toContain(other);
    expect(hidden).not.toContain(name);
    expect(rule.inhibits?.because ?? 'why').toMatch(/^\S.{0,198}$/);
  });
});

describe('the rules together', () => {
  it('have names of their own', () => {
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
  });

  it('never hide each other all: of whatever fires, on whatever nodes, somebody is told', () => {
    const firing = fc.uniqueArray(
      fc.record({ rule: fc.constantFrom(...rules.map(({ name }) => name)), nodeId: fc.constantFrom(null, 'a', 'b') }),
      { minLength: 1, selector: ({ rule, nodeId }) => `${rule} ${nodeId}` },
    );
    const look = { at: new Date(), conditions: [], unjudged: [], plannedWork: [] };
    fc.assert(
      fc.property(firing, (found) => {
        const alerts = found.map(({ rule, nodeId }) => ({
          ...({ rule, nodeId, fingerprint: `${rule} ${nodeId}`, severity: 'HIGH', signal: 'FIRING' } as const),
          labels: Object.fromEntries(nodeId === null ? [] : [['node', nodeId]]),
        }));
        const mutes = mutesOf(alerts, {
          sample: look,
          policy: { times: defaultAlertTimes, rules },
          silences: [],
          settling: [],
          windows: [],
        });
        expect(mutes.size).toBeLessThan(alerts.length);
        for (const mute of mutes.values()) {
          const by = mute.kind === 'INHIBITED' ? mute.by : null;
          expect(alerts.some(({ rule, fingerprint }) => rule === by && !mutes.has(fingerprint))).toBe(true);
        }
      }),
    );
  });
});
