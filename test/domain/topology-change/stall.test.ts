import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  diagnoseStall,
  isCertain,
  reasonInWords,
  type StallFacts,
  stallCodes,
} from '../../../src/domain/topology-change/stall.ts';
import { backend, disk, replica, scheduler, stall, table } from './builders.ts';

const codesOf = (facts: StallFacts) => diagnoseStall(facts).map(({ code }) => code);
const leaving = { decommissioning: true };
const well = [replica(1), replica(2), replica(3)];

describe('diagnoseStall', () => {
  it.each<[string, StallFacts, string, RegExp]>([
    [
      'the scheduler is at 0',
      stall([table('sales.orders', well)], { scheduler: { ...scheduler, maxScheduling: 0 } }),
      'SCHEDULER_OFF',
      /^sales\.orders \(1 tablet\): tablet_sched_max_scheduling_tablets is 0/,
    ],
    [
      'the scheduler has no slots',
      stall([table('sales.orders', well)], { scheduler: { ...scheduler, slotsPerPath: 0 } }),
      'SCHEDULER_OFF',
      /tablet_sched_slot_num_per_path is 0/,
    ],
    [
      'the only replica is on the backend that leaves, which is down',
      stall([table('sales.lonely', [replica(1)])], {
        backends: [backend(1, { ...leaving, alive: false }), backend(2)],
      }),
      'ONLY_REPLICA_AWAY',
      /^sales\.lonely \(1 tablet\): the only replica is there, and be 10\.0\.0\.1:9050 is down/,
    ],
    [
      'the only replica is bad',
      stall([table('sales.lonely', [replica(1, { isBad: true })])]),
      'ONLY_REPLICA_AWAY',
      /takes it for bad or behind/,
    ],
    [
      'all other replicas are dead or bad',
      stall([table('sales.orders', [replica(1, { isBad: true }), replica(2), replica(3, { isBehind: true })])], {
        backends: [backend(1, leaving), backend(2, { alive: false }), backend(3), backend(4)],
      }),
      'NO_GOOD_REPLICA',
      /^sales\.orders \(1 tablet\): no replica is well/,
    ],
    [
      'more replicas are wanted than machines stay',
      stall([table('sales.orders', well)], { backends: [backend(1, leaving), backend(2), backend(3)] }),
      'REPLICATION_NUM',
      /3 replicas of each tablet are wanted, and backends on 2 machines stay/,
    ],
    [
      'two of the backends that stay are on one machine, which takes one replica only',
      stall([table('sales.orders', well)], {
        backends: [backend(1, leaving), backend(2), backend(3), backend(4, { host: '10.0.0.3' })],
      }),
      'REPLICATION_NUM',
      /on 2 machines stay/,
    ],
    [
      'another backend leaves too, and is no place to go to',
      stall([table('sales.orders', well)], {
        backends: [backend(1, leaving), backend(2, leaving), backend(3), backend(4)],
      }),
      'REPLICATION_NUM',
      /3 replicas of each tablet are wanted, and backends on 2 machines stay/,
    ],
    [
      'a replica that is bad stands on each machine that stays',
      stall([table('sales.orders', [replica(1), replica(2, { isBad: true })], { replicationNum: 1 })], {
        backends: [backend(1, leaving), backend(2)],
      }),
      'TOO_FEW_BACKENDS',
      /no backend on another machine than the replicas' own can take them/,
    ],
    [
      'how full the others are is not known, so nobody says that they are full',
      stall([table('sales.orders', [replica(1)])], { backends: [backend(1, leaving), backend(2, { disks: null })] }),
      'UNEXPLAINED',
      /does not say why/,
    ],
    [
      'a backend that would be needed is down',
      stall([table('sales.orders', well)], {
        backends: [backend(1, leaving), backend(2), backend(3), backend(4, { alive: false })],
      }),
      'TOO_FEW_BACKENDS',
      /be 10\.0\.0\.4:9050 is down/,
    ],
    [
      'the others are above the high-water mark, path by path',
      stall([table('sales.orders', well)], {
        backends: [
          backend(1, leaving),
          backend(2),
          backend(3),
          backend(4, { disks: [disk({ availableBytes: 1024 ** 3 }), disk({ path: '/data2', state: 'OFFLINE' })] }),
        ],
      }),
      'NO_SPACE',
      /be 10\.0\.0\.4:9050 \/data1 \(SSD\) 100 % full, be 10\.0\.0\.4:9050 \/data2 \(SSD\) is OFFLINE/,
    ],
    [
      'only paths of another medium have room, and media are kept strictly',
      stall([table('sales.orders', well)], {
        backends: [backend(1, leaving), backend(2), backend(3), backend(4, { disks: [disk({ medium: 'HDD' })] })],
        scheduler: { ...scheduler, strictMedium: true },
      }),
      'NO_SPACE',
      /no path of the other backends is SSD/,
    ],
    [
      'the table is being changed',
      stall([table('sales.orders', well, { state: 'SCHEMA_CHANGE' })]),
      'TABLE_CHANGING',
      /the table is SCHEMA_CHANGE/,
    ],
    [
      'colocated tables may not move',
      stall([table('sales.orders', well, { group: { name: 'g1', isStable: true } })], {
        scheduler: { ...scheduler, disableColocateBalance: true },
      }),
      'COLOCATE_OFF',
      /colocation group g1 stay where they are/,
    ],
    [
      'colocated tables wait for backends that do not change',
      stall([table('sales.orders', well, { group: { name: 'g1', isStable: true } })]),
      'COLOCATE_WAITS',
      /the same for 15 minutes/,
    ],
    [
      'the colocation group is not stable',
      stall([table('sales.orders', well, { group: { name: 'g1', isStable: false } })]),
      'COLOCATE_WAITS',
      /g1 is not stable/,
    ],
    [
      'copying fails',
      stall([table('sales.orders', well)], {
        schedules: [{ tabletId: 'tablet of sales.orders', queue: 'history', error: 'clone failed: disk is broken' }],
      }),
      'CLONE_FAILED',
      /copying fails: clone failed: disk is broken/,
    ],
    [
      'what is left is in the recycle bin',
      stall([], { recycled: [{ table: 'dropped partitions of sales.orders', tablets: 4 }] }),
      'RECYCLE_BIN',
      /^dropped partitions of sales\.orders \(4 tablets\): they belong to no partition that is shown, mostly because it was dropped and is still in the recycle bin/,
    ],
    [
      'a tablet is being copied',
      stall([table('sales.orders', well)], {
        schedules: [{ tabletId: 'tablet of sales.orders', queue: 'running', error: '' }],
      }),
      'COPYING',
      /being copied now/,
    ],
    [
      'tables were not asked',
      stall([], { tablesNotAsked: 12 }),
      'NOT_ASKED',
      /^12 tables with tablets there were not asked/,
    ],
    ['nothing explains it', stall([table('sales.orders', well)]), 'UNEXPLAINED', /does not say why/],
  ])('says why when %s', (_case, facts, code, words) => {
    const [reason, ...others] = diagnoseStall(facts);
    expect(others).toEqual([]);
    expect(reason?.code).toBe(code);
    expect(reasonInWords(reason ?? { message: '', tables: [] })).toMatch(words);
    expect(reason?.hint).not.toBe('');
  });

  it('takes a tablet that was copied and not removed yet for one that fares well', () => {
    const replicas = [...well, replica(4)];
    expect(codesOf(stall([table('sales.orders', replicas, { replicationNum: 3 })]))).toEqual(['COPYING']);
  });

  it('lets a replica that is being made not take the place of its own copy', () => {
    const replicas = [...well, replica(4, { state: 'CLONE' })];
    expect(codesOf(stall([table('sales.orders', replicas, { replicationNum: 3 })]))).toEqual(['UNEXPLAINED']);
  });

  it('names five tables of a reason, the ones with most tablets first, and counts the rest', () => {
    const tables = [1, 2, 3, 4, 5, 6, 7].map((n) => table(`db.t${n}`, well, { count: n, tablets: null }));
    const [reason] = diagnoseStall(stall(tables));
    expect(reasonInWords(reason ?? { message: '', tables: [] })).toMatch(
      /^db\.t7 \(7 tablets\), db\.t6 \(6 tablets\), .*db\.t3 \(3 tablets\) and 2 more tables: /,
    );
  });

  it('counts every tablet under one reason, whatever is wrong with the cluster', () => {
    const someReplica = fc.record({
      backendId: fc.constantFrom('10001', '10002', '10003', '10004', '10009'),
      isBad: fc.boolean(),
      isBehind: fc.boolean(),
      state: fc.constantFrom('NORMAL', 'CLONE', 'DECOMMISSION', null),
    });
    const someTable = fc
      .record({
        table: fc.constantFrom('a.a', 'a.b', 'b.a'),
        state: fc.constantFrom('NORMAL', 'SCHEMA_CHANGE', 'WAITING_STABLE', null),
        replicationNum: fc.constantFrom(1, 2, 3, 4, null),
        tablets: fc.array(fc.record({ id: fc.string(), replicas: fc.array(someReplica, { maxLength: 4 }) }), {
          maxLength: 4,
        }),
        group: fc.constantFrom(null, { name: 'g', isStable: true }, { name: 'g', isStable: false }),
      })
      .map((one) => ({ ...one, count: one.tablets.length }));
    const someBackend = (n: number) =>
      fc
        .record({
          alive: fc.boolean(),
          decommissioning: fc.boolean(),
          disks: fc.constantFrom(null, [], [disk()], [disk({ availableBytes: 0 })]),
        })
        .map((over) => backend(n, over));
    fc.assert(
      fc.property(
        fc.array(someTable, { maxLength: 4 }),
        fc.tuple(someBackend(1), someBackend(2), someBackend(3), someBackend(4)),
        fc.boolean(),
        (tables, backends, isOff) => {
          const reasons = diagnoseStall(
            stall(tables, { backends, scheduler: { ...scheduler, maxScheduling: isOff ? 0 : 10 } }),
          );
          const counted = reasons
            .filter(({ code }) => code !== 'SCHEDULER_OFF')
            .flatMap((reason) => reason.tables)
            .reduce((sum, { tablets }) => sum + tablets, 0);
          const all = tables.reduce((sum, { count }) => sum + count, 0);
          if (isOff) expect(counted).toBeLessThanOrEqual(all);
          else expect(counted).toBe(all);
          expect(reasons.every(({ hint, message }) => hint !== '' && message !== '')).toBe(true);
          const order = reasons.map(({ code }) => stallCodes.indexOf(code));
          expect(order).toEqual(order.toSorted((a, b) => a - b));
        },
      ),
    );
  });

  it('holds for certain only what no waiting removes', () => {
    expect(stallCodes.filter((code) => isCertain({ code }))).toEqual([
      ...['SCHEDULER_OFF', 'ONLY_REPLICA_AWAY', 'NO_GOOD_REPLICA', 'REPLICATION_NUM', 'TOO_FEW_BACKENDS', 'NO_SPACE'],
    ]);
  });
});
