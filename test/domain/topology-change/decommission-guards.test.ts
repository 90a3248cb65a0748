import { describe, expect, it } from 'vitest';
import {
  type DecommissionFacts,
  type DecommissionWish,
  decommissionNotes,
  decommissionRefusals,
} from '../../../src/domain/topology-change/decommission-guards.ts';
import { backend, decommission, disk, scheduler, wish } from './builders.ts';

const gigabyte = 1024 ** 3;
const labelled = (...racks: readonly (string | null)[]) => racks.map((location, at) => backend(at + 1, { location }));

describe('decommissionRefusals', () => {
  it('lets a backend leave whose tablets the others can take', () => {
    expect(decommissionRefusals(decommission(), wish())).toEqual([]);
  });

  it('lets a dead backend leave whose tablets have other replicas', () => {
    const backends = [backend(1, { alive: false }), backend(2), backend(3), backend(4)];
    expect(decommissionRefusals(decommission({ backends }), wish())).toEqual([]);
  });

  it.each<[string, Partial<DecommissionFacts>, Partial<DecommissionWish>, string, RegExp]>([
    [
      'fewer backends would be left than a table wants replicas',
      { backends: [backend(1), backend(2), backend(3)] },
      {},
      'REPLICATION_AT_RISK',
      /^2 living backends would be left, and sales\.orders wants 3 replicas/,
    ],
    [
      'a backend that stays is down, and too few are left alive',
      { backends: [backend(1), backend(2), backend(3), backend(4, { alive: false })] },
      {},
      'REPLICATION_AT_RISK',
      /^2 living backends would be left/,
    ],
    [
      'two of those that stay are on one machine',
      { backends: [backend(1), backend(2), backend(3), backend(4, { host: '10.0.0.3' })] },
      {},
      'REPLICATION_AT_RISK',
      /^3 living backends on 2 machines would be left/,
    ],
    [
      'the replication numbers are not known',
      { highest: null },
      {},
      'PREFLIGHT_FAILED',
      /how many replicas the tables want/,
    ],
    [
      'another one is being decommissioned',
      { backends: [backend(1), backend(2), backend(3), backend(4), backend(5, { decommissioning: true })] },
      {},
      'PREFLIGHT_FAILED',
      /^be 10\.0\.0\.5:9050 is being decommissioned already/,
    ],
    [
      'it is being decommissioned by somebody else',
      { backends: [backend(1, { decommissioning: true }), backend(2), backend(3), backend(4)] },
      {},
      'PREFLIGHT_FAILED',
      /^be 10\.0\.0\.1:9050 is being decommissioned already/,
    ],
    [
      'more leave than stay',
      { highest: { table: 'a.b', replicas: 1 }, backends: [1, 2, 3, 4, 5].map((n) => backend(n)) },
      { ids: ['10001', '10002', '10003'] },
      'PREFLIGHT_FAILED',
      /^3 backends are to leave at once, and only 2 living backends would stay/,
    ],
    [
      'the others have too little room with the margin',
      {
        backends: [1, 2, 3, 4].map((n) =>
          backend(n, { disks: [disk({ usedBytes: 400 * gigabyte, availableBytes: 250 * gigabyte })] }),
        ),
      },
      {},
      'PREFLIGHT_FAILED',
      /^400\.0 GB on SSD are to move, and the others have room for 450\.0 GB on SSD.*20 % more/,
    ],
    [
      'only another medium has room',
      {
        backends: [
          backend(1),
          backend(2, { disks: [disk({ medium: 'HDD' })] }),
          backend(3, { disks: [disk({ medium: 'HDD' })] }),
          backend(4, { disks: [] }),
        ],
        highest: { table: 'a.b', replicas: 2 },
      },
      {},
      'PREFLIGHT_FAILED',
      /room for 0 B on SSD/,
    ],
    [
      'a backend does not say how full it is',
      { backends: [backend(1), backend(2), backend(3), backend(4, { disks: null })] },
      {},
      'PREFLIGHT_FAILED',
      /how much room there is on be 10\.0\.0\.4:9050/,
    ],
    [
      'the scheduler is at 0',
      { scheduler: { ...scheduler, maxScheduling: 0 } },
      {},
      'PREFLIGHT_FAILED',
      /scheduler is off/,
    ],
    [
      'whether the scheduler is on is not known',
      { scheduler: { ...scheduler, maxScheduling: null } },
      {},
      'PREFLIGHT_FAILED',
      /whether the leader moves tablets/,
    ],
    [
      'its tables could not be asked',
      { stalls: [] },
      {},
      'PREFLIGHT_FAILED',
      /which tables have tablets on be 10\.0\.0\.1:9050/,
    ],
    [
      'it is down and has the only replica of a table',
      {
        stalls: [
          {
            label: 'be 10.0.0.1:9050',
            reasons: [
              {
                code: 'ONLY_REPLICA_AWAY',
                message: 'the only replica is there',
                tables: [{ table: 'a.b', tablets: 2 }],
                hint: 'Bring it up.',
              },
            ],
          },
        ],
      },
      {},
      'REPLICATION_AT_RISK',
      /would keep tablets\. a\.b \(2 tablets\): the only replica is there/,
    ],
    ['a backup runs', { runningJobs: ['sales.nightly (backup)'] }, {}, 'PREFLIGHT_FAILED', /sales\.nightly \(backup\)/],
    ['a table is being changed', { tableChanges: ['sales: 1 rollup'] }, {}, 'PREFLIGHT_FAILED', /sales: 1 rollup/],
    [
      'whether tables are changed is not known',
      { tableChanges: null },
      {},
      'PREFLIGHT_FAILED',
      /whether tables are being changed/,
    ],
    [
      'a colocation group is not stable',
      { unstableGroups: ['g1'] },
      {},
      'PREFLIGHT_FAILED',
      /1 colocation group is not stable: g1/,
    ],
    ['how the cluster keeps its data is not known', { runMode: null }, {}, 'PREFLIGHT_FAILED', /run_mode/],
    [
      'no node would be left in a shared-data cluster',
      { runMode: 'shared_data', backends: [backend(1)] },
      {},
      'REPLICATION_AT_RISK',
      /No living backend or compute node/,
    ],
    [
      'fewer failure domains would be left than replicas',
      { backends: labelled('rack:a', 'rack:b', 'rack:c', 'rack:c') },
      {},
      'REPLICATION_AT_RISK',
      /^2 failure domains \(labels\.location\) would be left of 3/,
    ],
  ])('refuses when %s', (_case, facts, over, code, words) => {
    const refusals = decommissionRefusals(decommission(facts), wish(over));
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toMatchObject({ code, message: expect.stringMatching(words) });
    expect(refusals[0]?.hint).toMatch(/\.$|true/);
  });

  it('goes on with its own decommission, and with what a person accepted', () => {
    const backends = [backend(1, { decommissioning: true }), backend(2), backend(3), backend(4)];
    expect(decommissionRefusals(decommission({ backends }), wish({ isUnderWay: true }))).toEqual([]);
    const racks = decommission({ backends: labelled('rack:a', 'rack:b', 'rack:c', 'rack:c') });
    expect(decommissionRefusals(racks, wish({ acceptFewerDomains: true }))).toEqual([]);
    const media = decommission({
      backends: [backend(1), ...[2, 3, 4].map((n) => backend(n, { disks: [disk({ medium: 'HDD' })] }))],
    });
    expect(decommissionRefusals(media, wish({ acceptOtherMedium: true }))).toEqual([]);
  });

  it('lets no data move to another medium where StarRocks would not put it there, or where there is no room either', () => {
    const others = (over: Parameters<typeof disk>[0]) =>
      [2, 3, 4].map((n) => backend(n, { disks: [disk({ medium: 'HDD', ...over })] }));
    const strict = decommission({
      backends: [backend(1), ...others({})],
      scheduler: { ...scheduler, strictMedium: true },
    });
    const full = decommission({ backends: [backend(1), ...others({ availableBytes: 0 })] });
    const offline = decommission({ backends: [backend(1), ...others({ state: 'OFFLINE' })] });
    for (const facts of [strict, full, offline])
      expect(decommissionRefusals(facts, wish({ acceptOtherMedium: true }))).toMatchObject([
        {
          code: 'PREFLIGHT_FAILED',
          message: expect.stringMatching(/on SSD are to move, and the others have room for 0 B/),
        },
      ]);
  });

  it('asks no replicas of a shared-data cluster, where a compute node can serve', () => {
    const facts = decommission({ runMode: 'shared_data', backends: [backend(1)], computeNodesAlive: 1, highest: null });
    expect(decommissionRefusals(facts, wish())).toEqual([]);
  });

  it('says beside the plan what leaves', () => {
    expect(decommissionNotes(decommission(), ['10001'])).toContain('be 10.0.0.1:9050 holds 10 tablets and 100.0 GB');
  });
});
