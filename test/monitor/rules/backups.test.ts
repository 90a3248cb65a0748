import { describe, expect, it } from 'vitest';
import { applySample, defaultAlertTimes } from '../../../src/domain/alert-life.ts';
import type { CataloguedBackup } from '../../../src/domain/backup/usable.ts';
import type { WatchedPart } from '../../../src/domain/backup/watch.ts';
import type { Rule } from '../../../src/monitor/define-rule.ts';
import type { WatchedBackups } from '../../../src/monitor/read-parts.ts';
import { backupFailed } from '../../../src/monitor/rules/backup-failed.ts';
import { backupMissed } from '../../../src/monitor/rules/backup-missed.ts';
import { backupShrunk } from '../../../src/monitor/rules/backup-shrunk.ts';
import { backupTooOld } from '../../../src/monitor/rules/backup-too-old.ts';
import { backupVerificationFailed } from '../../../src/monitor/rules/backup-verification-failed.ts';
import { clusterUnreachable } from '../../../src/monitor/rules/cluster-unreachable.ts';
import { nodeDown } from '../../../src/monitor/rules/node-down.ts';
import { day, friday, hour } from '../../domain/backup/catalogued.ts';
import { failed, good, part, passed, policy, watched } from './backup-builders.ts';
import { conditionsOf, node, seen, textsOf, unreachable, unseen } from './builders.ts';

const severities = (rule: Rule, changes: Partial<WatchedBackups>) =>
  conditionsOf(rule, watched(changes)).map(({ severity }) => severity);
const before = (hours: number) => new Date(friday.getTime() - hours * hour);

describe.each([backupFailed, backupMissed, backupShrunk, backupTooOld, backupVerificationFailed])('$name', (rule) => {
  it('finds nothing on a cluster without policies, or where all is well', () => {
    expect(conditionsOf(rule, watched({ policies: [], backups: [], parts: [] }))).toEqual([]);
    expect(conditionsOf(rule, watched())).toEqual([]);
  });

  it('is never hidden', () => {
    expect(rule).toMatchObject({ isNeverHidden: true, inhibits: null, isInhibitedByRuns: false });
  });
});

describe('backup_failed', () => {
  const broken = good('2', 2, { state: 'BROKEN', checks: [], problem: 'StarRocks gave the backup up: no disk' });

  it('says why, and what one can go back to', () => {
    const [text] = textsOf(backupFailed, watched({ backups: [good('1', 9), broken] }));
    expect(text).toMatch(
      /^The weekly backup of sales by policy nightly is broken since .*: StarRocks gave the backup up: no disk\. /,
    );
    expect(text).toMatch(/sales can be brought back to 2026-11-27 03:00 UTC\. Look at its run/);
  });

  it.each<[string, CataloguedBackup[], string[]]>([
    ['is over with a good one', [broken, good('3', 1)], []],
    ['lasts while the next one goes on', [good('1', 9), broken, good('3', 0, { state: 'RUNNING' })], ['HIGH']],
    ['is less when it is only partial', [good('2', 2, { state: 'PARTIAL' })], ['MEDIUM']],
    ['is not there for one whose verification failed', [good('2', 2, { state: 'BROKEN', checks: [failed] })], []],
    ['is not there for one of no policy', [good('2', 2, { state: 'BROKEN', policyId: null })], []],
  ])('%s', (_what, backups, wanted) => {
    expect(severities(backupFailed, { backups })).toEqual(wanted);
  });

  it('is not there for a database that is gone', () => {
    expect(severities(backupFailed, { backups: [broken], standing: ['other'] })).toEqual([]);
  });
});

describe('backup_verification_failed', () => {
  const damaged = good('2', 8, { state: 'BROKEN', checks: [passed, { ...failed, at: friday }] });

  it('names the backup and what is wrong', () => {
    const [text] = textsOf(backupVerificationFailed, watched({ backups: [damaged] }));
    expect(text).toMatch(
      /verification L1 of the backup sales_2 of sales by policy nightly failed since .*0\.dat is missing\./,
    );
    expect(text).toMatch(/There is no verified backup of sales to go back to/);
  });

  it.each<[string, CataloguedBackup[], number]>([
    ['lasts when a newer one was not verified', [damaged, good('3', 1, { checks: [] })], 1],
    ['is over when a newer one was verified', [damaged, good('3', 1)], 0],
    ['lasts when the newer one is based on it', [damaged, good('3', 1, { kind: 'INCREMENTAL', baseId: '2' })], 1],
    ['is over when it is deleted', [{ ...damaged, state: 'DELETING' }], 0],
    ['is not there when nothing could be told', [good('2', 8, { checks: [{ ...failed, passed: null }] })], 0],
  ])('%s', (_what, backups, found) => {
    expect(severities(backupVerificationFailed, { backups })).toHaveLength(found);
  });
});

describe('backup_shrunk', () => {
  const full = (id: string, ago: number, rest: Partial<CataloguedBackup>) => good(id, ago, rest);

  it.each<[string, CataloguedBackup[], RegExp | null]>([
    [
      'finds fewer bytes',
      [full('1', 200, { sizeBytes: 1_000 }), full('2', 9, { sizeBytes: 600 })],
      /600 bytes where 1000 bytes were/,
    ],
    [
      'finds fewer tables',
      [full('1', 200, { tableCount: 10 }), full('2', 9, { tableCount: 6 })],
      /6 tables where 10 were/,
    ],
    ['lets a little pass', [full('1', 200, { sizeBytes: 1_000 }), full('2', 9, { sizeBytes: 700 })], null],
    ['compares nothing that is not known', [full('1', 200, { sizeBytes: null }), full('2', 9, { sizeBytes: 1 })], null],
    [
      'compares full ones only',
      [full('1', 200, { sizeBytes: 1_000 }), full('2', 9, { sizeBytes: 1, kind: 'INCREMENTAL', baseId: '1' })],
      null,
    ],
    [
      'passes over broken ones',
      [full('1', 200, { sizeBytes: 1_000 }), full('2', 9, { sizeBytes: 1, state: 'BROKEN' })],
      null,
    ],
  ])('%s', (_what, backups, words) => {
    const texts = textsOf(backupShrunk, watched({ backups }));
    if (words === null) expect(texts).toEqual([]);
    else expect(texts[0]).toMatch(words);
  });
});

describe('backup_too_old', () => {
  it('measures each database against the promise of the policy', () => {
    const backups = [good('1', 31), good('2', 9, { database: 'stock' })];
    const [text, other] = textsOf(backupTooOld, watched({ backups, standing: ['sales', 'stock'] }));
    expect(text).toMatch(
      /^The newest verified backup of sales is of 2026-11-26 05:00 UTC, and so older than the 30 hours/,
    );
    expect(other).toBeUndefined();
    expect(severities(backupTooOld, { backups: [good('1', 31)] })).toEqual(['HIGH']);
  });

  it('is critical when there is none, also when there is one that was never verified', () => {
    expect(severities(backupTooOld, { backups: [good('1', 9, { checks: [] })] })).toEqual(['CRITICAL']);
    expect(severities(backupTooOld, { backups: [good('1', 9, { state: 'BROKEN' })] })).toEqual(['CRITICAL']);
  });

  it('gives a new policy until its first full backup was due, and while that goes on', () => {
    const made = new Date('2026-11-27T00:00:00Z'); // a Friday; full backups are on Sundays at 3
    const policies = [{ ...policy, createdAt: made }];
    const look = (now: Date, backups: CataloguedBackup[] = []) => severities(backupTooOld, { policies, backups, now });
    expect(look(new Date('2026-11-29T03:00:00Z'))).toEqual([]);
    expect(look(new Date('2026-11-29T03:30:00Z'))).toEqual(['CRITICAL']);
    expect(look(new Date('2026-11-29T03:30:00Z'), [good('1', 0, { state: 'RUNNING', checks: [] })])).toEqual([]);
  });

  it('gives a database that appears later as long as the policy promises', () => {
    const [condition] = conditionsOf(backupTooOld, watched({ standing: ['sales', 'fresh'] }));
    expect(condition).toMatchObject({ labels: { database: 'fresh' }, forMs: 30 * hour, severity: 'CRITICAL' });
  });

  it('is not judged when the cluster does not tell its databases, for a policy of all of them', () => {
    const judge = (changes: Partial<WatchedBackups>) =>
      backupTooOld.configure(undefined).judge('clu_1', watched(changes));
    expect(judge({ standing: null })).toHaveProperty('unjudged');
    const named = { ...policy, content: { ...policy.content, databases: ['sales'] } };
    expect(judge({ standing: null, policies: [named], backups: [good('1', 31)] })).toHaveLength(1);
  });
});

describe('backup_missed', () => {
  const missed = (code: 'HELD' | 'BLACKOUT' | 'MISSED' | 'STILL_RUNNING', message: string): WatchedPart => ({
    ...part,
    last: { slotAt: before(5), outcome: 'SKIPPED', reason: { code, message } },
  });

  it.each([
    ['HELD', 'All automation is held until somebody releases it, by Ana: audit'],
    ['BLACKOUT', 'Blackout "year end" until 2027-01-02 00:00 UTC, by Ana: books'],
    ['MISSED', 'Starwarden was not running at that time'],
    ['STILL_RUNNING', 'R-7 still goes on'],
  ] as const)('names the reason %s as it was recorded', (code, message) => {
    const [text] = textsOf(backupMissed, watched({ parts: [missed(code, message)] }));
    expect(text).toContain('The daily backup by policy nightly was due at 2026-11-27 07:00 UTC and did not run');
    expect(text).toContain(message);
  });

  it('is found when a time has passed that nothing has looked at', () => {
    const late = (minutes: number) => ({ ...part, dueAt: new Date(friday.getTime() - minutes * 60_000) });
    expect(severities(backupMissed, { parts: [late(14)] })).toEqual([]);
    expect(severities(backupMissed, { parts: [late(16)] })).toEqual(['MEDIUM']);
    expect(severities(backupMissed, { parts: [{ ...late(16), state: 'PAUSED' }] })).toEqual([]);
  });

  it('is over when the tier has run again, or every database has a newer backup by the policy', () => {
    const parts = [missed('HELD', 'held')];
    expect(severities(backupMissed, { parts, backups: [good('1', 4)] })).toEqual([]);
    expect(severities(backupMissed, { parts, backups: [good('1', 4)], standing: ['sales', 'stock'] })).toHaveLength(1);
    expect(severities(backupMissed, { parts: [part] })).toEqual([]);
  });

  it('is not about retention', () => {
    expect(severities(backupMissed, { parts: [{ ...missed('HELD', 'held'), part: 'retention' }] })).toEqual([]);
  });
});

it('finds the same alert again, whatever the times and sizes are', () => {
  const late = (hours: number) => conditionsOf(backupTooOld, watched({ backups: [good('1', hours)] }))[0]?.fingerprint;
  expect(late(31)).toBe(late(31 + day / hour));
});

it('is told also while the cluster cannot be observed, which hides whatever else fires', () => {
  const all = [clusterUnreachable, nodeDown, backupFailed].map((rule) => rule.configure(undefined));
  const failedBackup = watched({ backups: [good('1', 2, { state: 'BROKEN', checks: [] })] });
  const conditions = [
    ...conditionsOf(clusterUnreachable, unseen(unreachable)).map((condition) => ({ ...condition, minSamples: 1 })),
    ...conditionsOf(nodeDown, seen([node({ alive: false })])),
    ...conditionsOf(backupFailed, failedBackup),
  ];
  const sample = { at: friday, conditions, unjudged: [], plannedWork: [] };
  const { opened } = applySample({ alerts: [], pending: [] }, sample, { times: defaultAlertTimes, rules: all });
  expect(opened.map(({ condition, mute }) => [condition.rule, mute.kind])).toEqual([
    ['cluster_unreachable', 'NONE'],
    ['node_down', 'INHIBITED'],
    ['backup_failed', 'NONE'],
  ]);
});
