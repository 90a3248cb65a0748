import { describe, expect, it } from 'vitest';
import type { SqlRow, StarRocksSql } from '../../../src/adapters/starrocks/port.ts';
import { readTabletHealth } from '../../../src/adapters/starrocks/read-tablet-health.ts';
import { tabletsInWords, unhealthyTablets } from '../../../src/domain/tablet-health.ts';
import { whyNotNow } from '../../../src/domain/upgrade/move-safety.ts';

const columns = [
  ...['DbId', 'DbName', 'TableNum', 'PartitionNum', 'IndexNum', 'TabletNum', 'ReplicaNum', 'UnhealthyTabletNum'],
  ...['InconsistentTabletNum', 'CloningTabletNum', 'ErrorStateTabletNum'],
];
const statistic = (...rows: string[][]): SqlRow[] =>
  rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null])));

/** As recorded, with all tablets of `sales` well. */
const healthySales = statistic(
  ['10004', '_statistics_', '12', '12', '12', '107', '107', '107', '0', '0', '0'],
  ['1', 'information_schema', '0', '0', '0', '0', '0', '0', '0', '0', '0'],
  ['18040', 'sales', '2', '2', '2', '6', '18', '0', '0', '0', '0'],
  ['Total', '4', '14', '14', '14', '113', '125', '107', '0', '0', '0'],
);

const backend = (id: number, more: Record<string, string> = {}): SqlRow => ({
  BackendId: String(id),
  IP: `192.0.2.${id}`,
  HeartbeatPort: '9050',
  BePort: '9060',
  HttpPort: '8040',
  BrpcPort: '8060',
  Alive: 'true',
  SystemDecommissioned: 'false',
  ErrMsg: '',
  TabletNum: '41',
  ...more,
});

function cluster(answers: { statistic: readonly SqlRow[]; backends: readonly SqlRow[] }): StarRocksSql {
  return {
    query: async ({ name }, call) => {
      expect(call?.route).toBe('leader');
      return name === 'show-backends' ? answers.backends : answers.statistic;
    },
  };
}

const dead = { Alive: 'false', ErrMsg: 'java.net.ConnectException: Connection refused' };

describe('whether tablets miss a replica', () => {
  it('is what StarRocks counts for users, and its own databases are told apart', async () => {
    const health = await readTabletHealth(cluster({ statistic: healthySales, backends: [backend(21), backend(22)] }));
    expect(unhealthyTablets(health)).toBe(0);
    expect(tabletsInWords(health)).toBe(
      "0 unhealthy, 0 inconsistent, 0 in error state, of 113; 107 unhealthy in databases of StarRocks' own (_statistics_), which hold no data of users",
    );
  });

  it('counts the replicas on a backend that died just now, which StarRocks leaves out', async () => {
    const backends = [backend(21), backend(22, dead), backend(23)];
    const health = await readTabletHealth(cluster({ statistic: healthySales, backends }));
    expect(unhealthyTablets(health)).toBe(41);
    expect(tabletsInWords(health)).toContain('be 192.0.2.22:9050 is down with 41 replicas');
  });

  it('is not zero with all backends dead', async () => {
    const backends = [backend(21, dead), backend(22, dead), backend(23, dead)];
    expect(unhealthyTablets(await readTabletHealth(cluster({ statistic: healthySales, backends })))).toBe(123);
  });

  it('forgets a backend that is gone for good once everything was repaired without it', async () => {
    const backends = [backend(21), backend(22, { ...dead, TabletNum: '0' })];
    expect(unhealthyTablets(await readTabletHealth(cluster({ statistic: healthySales, backends })))).toBe(0);
  });

  it('counts the tablets of users that StarRocks itself calls unhealthy', async () => {
    const rows = statistic(
      ['10004', '_statistics_', '12', '12', '12', '107', '107', '107', '0', '0', '0'],
      ['19011', 'dc', '1', '1', '1', '6', '12', '4', '0', '0', '0'],
      ['Total', '4', '13', '13', '13', '113', '119', '111', '0', '0', '0'],
    );
    expect(unhealthyTablets(await readTabletHealth(cluster({ statistic: rows, backends: [backend(21)] })))).toBe(4);
  });

  it('is not answered where the totals are missing', async () => {
    const asking = readTabletHealth(cluster({ statistic: healthySales.slice(0, 3), backends: [backend(21)] }));
    await expect(asking).rejects.toMatchObject({ code: 'SQL_FAILED', retryable: true });
  });

  it('keeps a second backend from being stopped in the first 900 s', async () => {
    const health = await readTabletHealth(cluster({ statistic: healthySales, backends: [backend(22, dead)] }));
    const node = (host: string, alive: boolean) => ({
      ...{ kind: 'BACKEND' as const, host, port: 9050, httpPort: 8040, queryPort: null, role: null, alive },
      ...{ decommissioning: false, version: '3.4.6-x', startedAt: null, tabletCount: 41, maxDiskUsedPercent: null },
      location: null,
      errorMessage: null,
    });
    const leader = { ...node('192.0.2.1', true), kind: 'FRONTEND' as const, role: 'LEADER' };
    const target = node('192.0.2.21', true);
    const facts = {
      ...{ nodes: [leader, target, node('192.0.2.22', false)], target, mates: [], runningJobs: [] },
      ...{ workersOn: null, frontendsOn: null, unhealthyTablets: unhealthyTablets(health) },
    };
    expect(whyNotNow(facts, { hasProcess: true })).toMatchObject({ code: 'REPLICATION_AT_RISK', passes: true });
  });
});
