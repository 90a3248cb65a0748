import { expect, it } from 'vitest';
import type { SqlRow, StarRocksSql } from '../../../src/adapters/starrocks/port.ts';
import { adminSetFrontendConfig } from '../../../src/adapters/starrocks/statements.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import { AppError } from '../../../src/errors.ts';
import { beforeLeftOvers, saveValues } from '../../../src/operations/node/steps/held-settings.ts';
import { restoreTabletScheduling } from '../../../src/operations/node/steps/scheduling.ts';
import { keepBalancingOff } from '../../../src/operations/tablet/pause-balancing/steps.ts';
import type { EngineContext, Ports } from '../../../src/steps/define.ts';

const balance = 'tablet_sched_disable_balance';
const begin = new Date('2027-01-02T12:00:00Z').getTime();
const until = '2027-01-02T14:30:00.000Z';
const names = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const;
const row = {
  ...{ HttpPort: '8030', QueryPort: '9030', RpcPort: '9020', EditLogPort: '9010', ClusterId: '1', Join: 'true' },
  ...{ ReplayedJournalId: '1', IsHelper: 'true', ErrMsg: '', Version: '3.4.6-x' },
};

/** Three frontends of 3.4 that are held off; the first leads. */
function frontends() {
  const values = new Map<string, string>(names.map((name) => [name, 'true']));
  const starts = new Map<string, string>(names.map((name) => [name, '2027-01-01 00:00:00']));
  const silent = new Set<string>();
  const dead = new Set<string>();
  const sql: StarRocksSql = {
    query: async ({ name, text, effect }, { route } = {}) => {
      const at = typeof route === 'object' ? route.host : names[0];
      if (name === 'show-frontends')
        return names.map(
          (IP): SqlRow => ({
            ...{ ...row, IP, Name: IP, Role: IP === names[0] ? 'LEADER' : 'FOLLOWER', Alive: `${!dead.has(IP)}` },
            StartTime: starts.get(IP) ?? null,
          }),
        );
      if (silent.has(at)) throw new AppError('SQL_UNREACHABLE', `${at} sends no greeting`, { retryable: true });
      if (effect === 'change') {
        values.set(at, text === adminSetFrontendConfig(balance, 'true').text ? 'true' : 'false');
        return [];
      }
      if (!text.includes('FRONTEND CONFIG')) return [];
      return [{ Key: balance, AliasNames: '[]', Value: values.get(at) ?? '', Type: 'boolean', IsMutable: 'true' }];
    },
  };
  return { values, starts, silent, dead, ports: { sql } as unknown as Ports, sql };
}

function context(seconds: number, memo: JsonObject | null = null): EngineContext {
  return {
    ...{ runId: 'run_1', clusterId: 'clu_1', startedAt: new Date(begin), attempts: 1, applied: true, waitingLanes: 0 },
    ...{ signal: AbortSignal.timeout(30_000), log: () => undefined, earlier: async () => null },
    ...(memo === null ? {} : { memo }),
    now: () => new Date(begin + seconds * 1_000),
  };
}

const signal = AbortSignal.timeout(30_000);
const given = { until, colocate: false };
const memoOf = (check: Awaited<ReturnType<typeof keepBalancingOff.check>>) =>
  check.state === 'moving' ? (check.progress.memo ?? null) : null;
const look = (at: ReturnType<typeof frontends>, seconds: number, memo: ReturnType<typeof memoOf> = null) =>
  keepBalancingOff.check(given, at.ports, context(seconds, memo));

it('accuses nobody while the cluster may not show yet that a frontend has restarted', async () => {
  const cluster = frontends();
  const before = memoOf(await look(cluster, 0));
  // It is back, with the values of its conf file, before the leader has asked it again.
  cluster.values.set(names[1], 'false');
  const inDoubt = await look(cluster, 5, before);
  expect(inDoubt).toMatchObject({ state: 'moving', progress: { message: expect.stringMatching(/may just have/) } });
  cluster.starts.set(names[1], '2027-01-02 12:00:03');
  expect(await look(cluster, 10, memoOf(inDoubt))).toEqual({ state: 'todo' });
});

it('ends when the value stays another one on a frontend that has not restarted, and sets nothing meanwhile', async () => {
  const cluster = frontends();
  let memo = memoOf(await look(cluster, 0));
  cluster.values.set(names[0], 'false');
  for (const seconds of [5, 10]) {
    const check = await look(cluster, seconds, memo);
    expect(check.state).toBe('moving');
    memo = memoOf(check);
  }
  expect(await look(cluster, 15, memo)).toMatchObject({
    ...{ state: 'blocked', message: expect.stringMatching(/Somebody has changed .*, which has not restarted/) },
  });
});

it('puts the values back on every frontend that answers, and does not count as done while one does not', async () => {
  const cluster = frontends();
  const saved = { leader: `${names[0]}:9010`, byFrontend: {} };
  const all = Object.fromEntries(names.map((name) => [`${name}:9010`, { [balance]: 'false' }]));
  const params = { ...saved, byFrontend: all };
  cluster.silent.add(names[2]);
  expect(await restoreTabletScheduling.check(params, cluster.ports, context(0))).toEqual({ state: 'todo' });
  await restoreTabletScheduling.apply(params, cluster.ports, context(0));
  expect([...cluster.values.values()]).toEqual(['false', 'false', 'true']);
  await expect(restoreTabletScheduling.check(params, cluster.ports, context(1))).rejects.toThrow(/no greeting/);
  cluster.silent.clear();
  expect(await restoreTabletScheduling.check(params, cluster.ports, context(2))).toEqual({ state: 'todo' });
});

it('keeps no values while the leader is not shown alive: there would be nothing to put back', async () => {
  const cluster = frontends();
  cluster.dead.add(names[0]);
  await expect(saveValues(cluster.sql, [balance], signal)).rejects.toThrow(/no leader/);
});

it('keeps the values from before what an ended run has left switched off, and what somebody has changed since', () => {
  const left = (runNumber: number, before: JsonObject, isLeftOver = true) => ({
    ...{
      title: 'off',
      until: null,
      runId: `run_${runNumber}`,
      runNumber,
      operation: 'upgradeCluster',
      before,
      isLeftOver,
    },
  });
  const most = 'tablet_sched_max_scheduling_tablets';
  const saved = (value: string, number: string) => ({
    ...{ leader: 'a:9010', byFrontend: { 'a:9010': { [balance]: value, [most]: number } } },
  });
  const now = { leader: 'b:9010', byFrontend: { 'b:9010': { [balance]: 'true', [most]: '77' } } };
  const changes = [left(3, saved('true', '0'), false), left(2, saved('true', '0')), left(1, saved('false', '10000'))];
  expect(beforeLeftOvers(now, changes)).toEqual({
    ...{ leader: 'b:9010', byFrontend: { 'b:9010': { [balance]: 'false', [most]: '77' } } },
  });
  expect(beforeLeftOvers(now, [])).toEqual(now);
});
