import type { BackendFacts, SchedulerFacts } from '../../../src/domain/topology-change/backend-facts.ts';
import type { DecommissionFacts, DecommissionWish } from '../../../src/domain/topology-change/decommission-guards.ts';
import type { ReplicaFacts, StallFacts, TableFacts } from '../../../src/domain/topology-change/stall.ts';

const gigabyte = 1024 ** 3;

export function disk(over: Partial<NonNullable<BackendFacts['disks']>[number]> = {}) {
  return {
    ...{ path: '/data1', medium: 'SSD', state: 'ONLINE' },
    ...{ usedBytes: 100 * gigabyte, availableBytes: 800 * gigabyte, totalBytes: 1_000 * gigabyte },
    ...over,
  };
}

/** The backend with this number: `be 10.0.0.<n>:9050`. */
export function backend(n: number, over: Partial<BackendFacts> = {}): BackendFacts {
  return {
    id: String(10_000 + n),
    label: `be 10.0.0.${n}:9050`,
    host: `10.0.0.${n}`,
    port: 9050,
    alive: true,
    decommissioning: false,
    tabletCount: 10,
    location: null,
    disks: [disk()],
    ...over,
  };
}

export const scheduler: SchedulerFacts = {
  maxScheduling: 10_000,
  slotsPerPath: 8,
  disableColocateBalance: false,
  softLimitPercent: 90,
  softLimitReserveBytes: 200 * gigabyte,
  strictMedium: false,
  dropsEmptied: true,
};

export function replica(n: number, over: Partial<ReplicaFacts> = {}): ReplicaFacts {
  return { backendId: String(10_000 + n), isBad: false, isBehind: false, state: 'NORMAL', ...over };
}

/** A table with one tablet, whose replicas are on these backends. */
export function table(name: string, replicas: readonly ReplicaFacts[], over: Partial<TableFacts> = {}): TableFacts {
  return {
    table: name,
    state: 'NORMAL',
    replicationNum: replicas.length,
    count: 1,
    tablets: [{ id: `tablet of ${name}`, replicas }],
    group: null,
    ...over,
  };
}

/** Backend 1 leaves a cluster of four. */
export function stall(tables: readonly TableFacts[], over: Partial<StallFacts> = {}): StallFacts {
  const backends = over.backends ?? [backend(1, { decommissioning: true }), backend(2), backend(3), backend(4)];
  const tabletCount = tables.reduce((sum, { count }) => sum + count, 0);
  return {
    leaving: { id: '10001', label: 'be 10.0.0.1:9050', tabletCount },
    scheduler,
    tables,
    schedules: [],
    tablesNotAsked: 0,
    recycled: [],
    ...over,
    backends,
  };
}

/** Four backends, of which the first is asked to leave; nothing stands against it. */
export function decommission(over: Partial<DecommissionFacts> = {}): DecommissionFacts {
  return {
    backends: [backend(1), backend(2), backend(3), backend(4)],
    scheduler,
    runMode: 'shared_nothing',
    computeNodesAlive: 0,
    highest: { table: 'sales.orders', replicas: 3 },
    diagnosed: ['10001', '10002', '10003', '10004'],
    stalls: [1, 2, 3, 4].map((n) => ({ label: backend(n).label, reasons: [] })),
    runningJobs: [],
    tableChanges: [],
    unstableGroups: [],
    ...over,
  };
}

export function wish(over: Partial<DecommissionWish> = {}): DecommissionWish {
  return {
    ids: ['10001'],
    marginPercent: 20,
    acceptFewerDomains: false,
    acceptOtherMedium: false,
    isUnderWay: false,
    ...over,
  };
}
