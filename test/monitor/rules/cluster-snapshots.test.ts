import { describe, expect, it } from 'vitest';
import type { SqlReader, SqlRow } from '../../../src/adapters/starrocks/port.ts';
import { AppError } from '../../../src/errors.ts';
import { readSnapshots, type WatchedSnapshots } from '../../../src/monitor/read-snapshots.ts';
import { clusterSnapshotFailed } from '../../../src/monitor/rules/cluster-snapshot-failed.ts';
import { clusterSnapshotOld } from '../../../src/monitor/rules/cluster-snapshot-old.ts';
import { conditionsOf, frontend, seen, textsOf } from './builders.ts';

const now = new Date('2026-03-01T12:00:00Z');
const nameAt = (at: string) => `automated_cluster_snapshot_${new Date(at).getTime()}`;
const call = { signal: AbortSignal.timeout(5_000), timeoutMs: 5_000 };
const lake = { nodes: [frontend(1, { version: '3.5.0-48f4d81' })], runMode: 'shared_data' };

/** Rows as the two tables have them, newest last; `interval` as ADMIN SHOW FRONTEND CONFIG answers. */
function cluster({
  newest = null,
  jobs = [],
}: {
  newest?: string | null;
  jobs?: readonly [string, string][];
}): SqlReader {
  const rows: Record<string, readonly SqlRow[]> = {
    'list-cluster-snapshots':
      newest === null
        ? []
        : [{ SNAPSHOT_NAME: nameAt(newest), SNAPSHOT_TYPE: 'AUTOMATED', STORAGE_VOLUME: 'v', STORAGE_PATH: 's3://b' }],
    'list-cluster-snapshot-jobs': jobs.map(([at, state], index) => ({
      ...{ SNAPSHOT_NAME: nameAt(at), JOB_ID: String(index + 1), STATE: state },
      ...{ FINISHED_TIME: '1970-01-01 00:00:00', ERROR_MESSAGE: state === 'ERROR' ? 'upload image failed' : '' },
    })),
    'show-frontend-config': [
      {
        ...{ Key: 'automated_cluster_snapshot_interval_seconds', AliasNames: '[]', Value: '600' },
        ...{ Type: 'long', IsMutable: 'true', Comment: '' },
      },
    ],
  };
  return { query: async ({ name }) => rows[name] ?? [] };
}

async function watched(sql: SqlReader): Promise<WatchedSnapshots | null> {
  return readSnapshots({ sql, now: () => now }, lake, call);
}

const look = async (sql: SqlReader) => ({ ...seen(lake.nodes), clusterSnapshots: await watched(sql) });

describe('what a probe reads of cluster snapshots', () => {
  it.each([
    ['shared_nothing', '3.5.0'],
    [null, '3.5.0'],
    ['shared_data', '3.3.15'],
    ['shared_data', null],
  ])('is nothing where a cluster can have none: %s, %s', async (runMode, version) => {
    const silent: SqlReader = { query: async () => expect.unreachable() };
    const nodes = [frontend(1, { version })];
    expect(await readSnapshots({ sql: silent, now: () => now }, { nodes, runMode }, call)).toBeNull();
  });

  it('is that it could not be read, where the tables do not answer', async () => {
    const failing: SqlReader = {
      query: async () => {
        throw new AppError('SQL_FAILED', 'Backend node not found.');
      },
    };
    expect(await watched(failing)).toEqual({ isSeen: false, why: 'Backend node not found.' });
    expect(clusterSnapshotOld.configure(undefined).judge('clu_1', await look(failing))).toEqual({
      unjudged: 'the cluster did not tell its snapshots: Backend node not found.',
    });
  });

  it('is the newest with its time, and the jobs, newest first', async () => {
    const sql = cluster({
      newest: '2026-03-01T11:50:00Z',
      jobs: [
        ['2026-03-01T11:50:00Z', 'FINISHED'],
        ['2026-03-01T12:00:00Z', 'SOMETHING_NEW'],
      ],
    });
    expect(await watched(sql)).toMatchObject({
      isSeen: true,
      intervalMs: 600_000,
      newest: { createdAt: new Date('2026-03-01T11:50:00Z') },
      jobs: [{ state: { unknown: 'SOMETHING_NEW' }, finishedText: null }, { state: 'FINISHED' }],
    });
  });
});

describe('an alert about cluster snapshots', () => {
  it.each([
    ['2026-03-01T11:30:00Z', false],
    ['2026-03-01T11:29:59Z', true],
  ])('with the newest of %s it is too old: %s', async (newest, isOld) => {
    expect(conditionsOf(clusterSnapshotOld, await look(cluster({ newest })))).toHaveLength(isOld ? 1 : 0);
  });

  it('says which one is the newest, and what is lost without it', async () => {
    const newest = '2026-03-01T09:00:00Z';
    expect(textsOf(clusterSnapshotOld, await look(cluster({ newest })))).toEqual([
      `No newer cluster snapshot than ${nameAt(newest)} was finished since 2026-03-01 12:00:05 UTC. One is due every 10 min. If the metadata is lost, everything that was done since is lost with it.`,
    ]);
  });

  it('is not raised where they are off', async () => {
    const off = await look(cluster({ jobs: [['2026-02-20T12:00:00Z', 'DELETED']] }));
    expect(conditionsOf(clusterSnapshotOld, off)).toEqual([]);
    expect(conditionsOf(clusterSnapshotFailed, off)).toEqual([]);
  });

  it('is raised for the newest job that failed, also while the next one runs', async () => {
    const jobs: [string, string][] = [
      ['2026-03-01T11:40:00Z', 'FINISHED'],
      ['2026-03-01T11:50:00Z', 'ERROR'],
      ['2026-03-01T12:00:00Z', 'UPLOADING'],
    ];
    expect(conditionsOf(clusterSnapshotFailed, await look(cluster({ jobs })))).toHaveLength(1);
    const mended: [string, string][] = [...jobs.slice(0, 2), ['2026-03-01T12:00:00Z', 'FINISHED']];
    expect(conditionsOf(clusterSnapshotFailed, await look(cluster({ jobs: mended })))).toEqual([]);
  });

  it('is not judged when the last job failed some time ago and nothing says whether they are on, and ends after a day', async () => {
    const rule = clusterSnapshotFailed.configure(undefined);
    const hoursAgo = await look(cluster({ jobs: [['2026-03-01T08:00:00Z', 'ERROR']] }));
    expect(rule.judge('clu_1', hoursAgo)).toHaveProperty('unjudged');
    const daysAgo = await look(cluster({ jobs: [['2026-02-27T08:00:00Z', 'ERROR']] }));
    expect(rule.judge('clu_1', daysAgo)).toEqual([]);
  });
});
