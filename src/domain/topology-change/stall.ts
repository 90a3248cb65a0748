import { mediumInWords } from '../tablets/disk.ts';
import { count } from '../words.ts';
import { type BackendFacts, type SchedulerFacts, takes } from './backend-facts.ts';

export type ReplicaFacts = {
  readonly backendId: string;
  readonly isBad: boolean;
  /** Its version is behind, or its last load failed. */
  readonly isBehind: boolean;
  /** NORMAL, CLONE, DECOMMISSION, …; null = not told. */
  readonly state: string | null;
};

export type TabletFacts = { readonly id: string; readonly replicas: readonly ReplicaFacts[] };

/** A table with tablets on the backend that leaves. */
export type TableFacts = {
  /** `database.table` */
  readonly table: string;
  /** NORMAL, SCHEMA_CHANGE, ROLLUP, RESTORE, …; null = not told. */
  readonly state: string | null;
  /** How many replicas each tablet should have; null = not told. */
  readonly replicationNum: number | null;
  /** How many of its tablets are on the backend. */
  readonly count: number;
  /** Those tablets one by one; null = only their number is known. */
  readonly tablets: readonly TabletFacts[] | null;
  /** Its colocation group; null = it is in none. */
  readonly group: { readonly name: string; readonly isStable: boolean } | null;
};

/** What the tablet scheduler says of a tablet. */
export type ScheduleFacts = {
  readonly tabletId: string;
  readonly queue: 'pending' | 'running' | 'history';
  /** Empty = it names no error. */
  readonly error: string;
};

export type StallFacts = {
  readonly leaving: Pick<BackendFacts, 'id' | 'label' | 'tabletCount'>;
  /** Every backend of the cluster, the one that leaves included. */
  readonly backends: readonly BackendFacts[];
  readonly scheduler: SchedulerFacts;
  readonly tables: readonly TableFacts[];
  readonly schedules: readonly ScheduleFacts[];
  /** Tables that were not asked, because there are too many. */
  readonly tablesNotAsked: number;
  /**
   * Tablets on the backend that belong to no partition of a table: those of dropped tables and partitions in the recycle
   * bin. By the table's name or what is known of it. Null = that could not be told.
   */
  readonly recycled: readonly TabletsOf[] | null;
};

/** How many tablets of a table. */
export type TabletsOf = { readonly table: string; readonly tablets: number };

export const stallCodes = [
  'SCHEDULER_OFF',
  'ONLY_REPLICA_AWAY',
  'NO_GOOD_REPLICA',
  'REPLICATION_NUM',
  'TOO_FEW_BACKENDS',
  'NO_SPACE',
  'TABLE_CHANGING',
  'COLOCATE_OFF',
  'COLOCATE_WAITS',
  'CLONE_FAILED',
  'RECYCLE_BIN',
  'COPYING',
  'NOT_ASKED',
  'UNEXPLAINED',
] as const;
export type StallCode = (typeof stallCodes)[number];

/** One reason why tablets stay, with the tables that it holds up. */
export type StallReason = {
  readonly code: StallCode;
  /** The reason as a whole sentence, without the tables. */
  readonly message: string;
  readonly tables: readonly TabletsOf[];
  readonly hint: string;
};

/** Reasons that no waiting removes: they are told at once, without a stall. */
const certain: ReadonlySet<StallCode> = new Set([
  'SCHEDULER_OFF',
  'ONLY_REPLICA_AWAY',
  'NO_GOOD_REPLICA',
  'REPLICATION_NUM',
  'TOO_FEW_BACKENDS',
  'NO_SPACE',
]);

export function isCertain({ code }: Pick<StallReason, 'code'>): boolean {
  return certain.has(code);
}

type Cause = { readonly code: StallCode; readonly message: string; readonly hint: string };

/**
 * Why the backend's tablets do not leave, each tablet under the one reason that has to go first; the order is that of
 * `stallCodes`. While the scheduler is on, every tablet that is known is counted in exactly one reason; SCHEDULER_OFF is about all of
 * them. Follows StarRocks' TabletChecker and TabletScheduler of 3.1 to 4.0.
 */
export function diagnoseStall(facts: StallFacts): readonly StallReason[] {
  const found = new Map<string, Cause & { tables: Map<string, number> }>();
  const paused = whyPaused(facts.scheduler);
  const add = (cause: Cause, table: string, tablets: number) => {
    if (paused !== null && cause.code === 'UNEXPLAINED') return; // explained by the scheduler
    const key = `${cause.code} ${cause.message}`;
    const known = found.get(key) ?? { ...cause, tables: new Map<string, number>() };
    known.tables.set(table, (known.tables.get(table) ?? 0) + tablets);
    found.set(key, known);
  };
  for (const table of facts.tables) {
    if (paused !== null && table.count > 0) add(paused, table.table, table.count);
    if (table.tablets === null && table.count > 0) add(whyTable(table, facts) ?? unexplained, table.table, table.count);
    for (const tablet of table.tablets ?? []) add(whyTablet(tablet, table, facts), table.table, 1);
  }
  for (const { table, tablets } of facts.recycled ?? []) if (tablets > 0) add(recycled, table, tablets);
  const reasons: StallReason[] = [...found.values()].map(({ tables, ...cause }) => ({
    ...cause,
    tables: [...tables].map(([table, tablets]) => ({ table, tablets })).toSorted(byTablets),
  }));
  if (paused !== null && facts.tables.every(({ count: tablets }) => tablets === 0) && facts.leaving.tabletCount > 0)
    reasons.push({ ...paused, tables: [] });
  if (facts.tablesNotAsked > 0) reasons.push(notAsked(facts.tablesNotAsked));
  return reasons.toSorted(
    (a, b) => stallCodes.indexOf(a.code) - stallCodes.indexOf(b.code) || b.tables.length - a.tables.length,
  );
}

function byTablets(a: TabletsOf, b: TabletsOf): number {
  return b.tablets - a.tablets || (a.table < b.table ? -1 : 1);
}

function whyPaused({ maxScheduling, slotsPerPath }: SchedulerFacts): Cause | null {
  if (maxScheduling !== null && maxScheduling <= 0) {
    return {
      code: 'SCHEDULER_OFF',
      message: `tablet_sched_max_scheduling_tablets is ${maxScheduling}, so the leader moves one tablet at a time at most`,
      hint: "Set it back on the leader (StarRocks' own value is 10000). A run that pauses scheduling puts it back at its end.",
    };
  }
  if (slotsPerPath !== null && slotsPerPath <= 0) {
    return {
      code: 'SCHEDULER_OFF',
      message: `tablet_sched_slot_num_per_path is ${slotsPerPath}, so no path may be copied from or to`,
      hint: "Set it back on the leader (StarRocks' own value is 8).",
    };
  }
  return null;
}

/** What holds up a whole table, whatever its tablets are like. */
function whyTable({ state, group, replicationNum }: TableFacts, facts: StallFacts): Cause | null {
  // An alter job that waits for the table to become stable lets repair pass.
  if (state !== null && state !== 'NORMAL' && state !== 'WAITING_STABLE') {
    return {
      code: 'TABLE_CHANGING',
      message: `the table is ${state}, and StarRocks moves none of its tablets meanwhile`,
      hint: 'Wait until the change of the table ends (SHOW ALTER TABLE), or cancel it.',
    };
  }
  const all = staying(facts);
  const [hosts, living] = [hostsOf(all), hostsOf(all.filter(({ alive }) => alive))];
  if (replicationNum !== null && replicationNum > hosts)
    return {
      code: 'REPLICATION_NUM',
      message: `${count(replicationNum, 'replica')} of each tablet are wanted, and backends on ${count(hosts, 'machine')} stay`,
      hint: 'Add a backend on another machine, lower replication_num of the tables, or cancel the decommission.',
    };
  if (replicationNum !== null && replicationNum > living) return tooFew(facts);
  if (group === null) return null;
  if (facts.scheduler.disableColocateBalance === true)
    return {
      code: 'COLOCATE_OFF',
      message: `tablet_sched_disable_colocate_balance is true, so the tables of the colocation group ${group.name} stay where they are`,
      hint: 'Set it to false on the leader until the backend has left.',
    };
  if (group.isStable)
    return {
      code: 'COLOCATE_WAITS',
      message: `the colocation group ${group.name} only moves after the backends have been the same for 15 minutes (tablet_sched_colocate_balance_wait_system_stable_time_s)`,
      hint: 'Wait, and let no backend go up or down meanwhile.',
    };
  return null;
}

function whyTablet(tablet: TabletFacts, table: TableFacts, facts: StallFacts): Cause {
  const byId = new Map(facts.backends.map((backend) => [backend.id, backend]));
  const isSource = ({ backendId, isBad, isBehind, state }: ReplicaFacts) =>
    byId.get(backendId)?.alive === true && !isBad && !isBehind && state !== 'DECOMMISSION' && state !== 'CLONE';
  const good = tablet.replicas.filter(isSource);
  if (good.length === 0) return withoutSource(tablet, facts);
  const whole = whyTable(table, facts);
  if (whole !== null) return whole;
  const queued = facts.schedules.filter(({ tabletId }) => tabletId === tablet.id);
  if (queued.some(({ queue }) => queue === 'running')) return copying;
  const isStaying = ({ backendId }: ReplicaFacts) =>
    backendId !== facts.leaving.id && byId.get(backendId)?.decommissioning === false;
  if (table.replicationNum !== null && good.filter(isStaying).length >= table.replicationNum) return copied;
  // A replica that is being made may be made again on the same machine.
  const made = tablet.replicas.filter(({ state }) => state !== 'CLONE');
  const taken = new Set(made.flatMap(({ backendId }) => byId.get(backendId)?.host ?? []));
  // StarRocks puts no two replicas of a tablet on one machine. Tables of a colocation group are moved by other rules.
  const targets = staying(facts).filter(({ alive, host }) => alive && (table.group !== null || !taken.has(host)));
  if (targets.length === 0) return tooFew(facts);
  const full = whyFull(targets, facts);
  if (full !== null) return full;
  const failed = queued.findLast(({ queue, error }) => error !== '' && queue !== 'running' && !isNoError(error));
  if (failed !== undefined)
    return {
      code: 'CLONE_FAILED',
      message: `copying fails: ${failed.error}`,
      hint: "Look at the log of the backends that the tablets go to (be.INFO, 'clone'), and at SHOW PROC '/cluster_balance/history_tablets'.",
    };
  if (table.group !== null)
    return {
      code: 'COLOCATE_WAITS',
      message: `the colocation group ${table.group.name} is not stable: its tablets are being given new places`,
      hint: "Wait; look at IsStable in SHOW PROC '/colocation_group'.",
    };
  return queued.some(({ queue }) => queue === 'pending') ? waiting : unexplained;
}

/** What the scheduler writes into ErrMsg of tablets that fare well. */
function isNoError(error: string): boolean {
  return ['finished', 'tablet is healthy', 'redundant replica is deleted', 'null', '\\N'].includes(error.trim());
}

function withoutSource({ replicas }: TabletFacts, { leaving, backends }: StallFacts): Cause {
  const leaves = backends.find(({ id }) => id === leaving.id);
  const only = replicas.filter(({ backendId }) => backendId !== '-1');
  if (only.length <= 1) {
    const how = leaves?.alive === false ? `and ${leaving.label} is down` : `and StarRocks takes it for bad or behind`;
    return {
      code: 'ONLY_REPLICA_AWAY',
      message: `the only replica is there, ${how}: there is nothing to copy from`,
      hint:
        leaves?.alive === false
          ? 'Bring the backend up again. Without it the data is lost, unless a backup has it.'
          : 'Cancel the decommission and look at ADMIN SHOW REPLICA STATUS. Without this replica the data is lost, unless a backup has it.',
    };
  }
  return {
    code: 'NO_GOOD_REPLICA',
    message: 'no replica is well: each is bad, behind, or on a backend that is down',
    hint: 'Bring the backends that are down up again (ADMIN SHOW REPLICA STATUS shows which).',
  };
}

function tooFew(facts: StallFacts): Cause {
  const all = staying(facts);
  const down = all.filter(({ alive }) => !alive).map(({ label }) => label);
  const leaving = facts.backends.filter(({ decommissioning, id }) => decommissioning && id !== facts.leaving.id);
  const why = [
    ...(down.length === 0 ? [] : [`${down.join(', ')} ${down.length === 1 ? 'is' : 'are'} down`]),
    ...(leaving.length === 0
      ? []
      : [`${leaving.map(({ label }) => label).join(', ')} ${leaving.length === 1 ? 'leaves' : 'leave'} too`]),
  ];
  return {
    code: 'TOO_FEW_BACKENDS',
    message: `no backend on another machine than the replicas' own can take them${why.length === 0 ? '' : `: ${why.join('; ')}`}`,
    hint: 'Bring the backends up, add one on another machine, or cancel the decommission.',
  };
}

/** Null = one of them has room, or which room there is is not known. */
function whyFull(targets: readonly BackendFacts[], { scheduler, leaving, backends }: StallFacts): Cause | null {
  if (targets.some(({ disks }) => disks === null || disks.length === 0)) return null;
  const source = backends.find(({ id }) => id === leaving.id);
  const data = (source?.disks ?? []).reduce((sum, { usedBytes }) => sum + (usedBytes ?? 0), 0);
  const tabletBytes = data / Math.max(1, leaving.tabletCount);
  const media = new Set((source?.disks ?? []).map(({ medium }) => medium));
  const paths = targets.flatMap(({ label, disks }) => (disks ?? []).map((disk) => ({ label, disk })));
  const fitting = paths.filter(
    ({ disk }) => scheduler.strictMedium !== true || media.size === 0 || media.has(disk.medium),
  );
  if (fitting.some(({ disk }) => takes(disk, tabletBytes, scheduler))) return null;
  const named = fitting
    .slice(0, 6)
    .map(({ label, disk }) => `${label} ${disk.path} (${mediumInWords(disk.medium)}) ${fullness(disk)}`);
  const more = fitting.length > 6 ? ` and ${count(fitting.length - 6, 'more path')}` : '';
  const nowhere =
    fitting.length === 0
      ? `no path of the other backends is ${[...media].map(mediumInWords).join(' or ')}`
      : `${named.join(', ')}${more}`;
  return {
    code: 'NO_SPACE',
    message: `no path of the other backends takes more: ${nowhere}`,
    hint: 'Free space there, add disks or a backend, or raise storage_usage_soft_limit_percent on the leader.',
  };
}

function fullness({ state, availableBytes, totalBytes }: NonNullable<BackendFacts['disks']>[number]): string {
  if (state !== 'ONLINE') return `is ${state}`;
  if (availableBytes === null || totalBytes === null) return 'does not say how full it is';
  return `${Math.round(((totalBytes - availableBytes) * 100) / Math.max(1, totalBytes))} % full`;
}

function staying({ backends, leaving }: StallFacts): readonly BackendFacts[] {
  return backends.filter(({ id, decommissioning }) => id !== leaving.id && !decommissioning);
}

function hostsOf(backends: readonly BackendFacts[]): number {
  return new Set(backends.map(({ host }) => host)).size;
}

const recycled: Cause = {
  code: 'RECYCLE_BIN',
  message:
    'they belong to no partition that is shown, mostly because it was dropped and is still in the recycle bin; StarRocks moves them like others, where nothing holds them up that cannot be seen here, and deletes them after catalog_trash_expire_second (a day by default)',
  hint: 'Wait until they have run out, or recover them (RECOVER TABLE, RECOVER PARTITION) to see what holds them up. Temporary partitions count here too.',
};

const copying: Cause = { code: 'COPYING', message: 'being copied now', hint: 'Wait.' };

const copied: Cause = { code: 'COPYING', message: 'copied; the replicas that leave are removed next', hint: 'Wait.' };

const waiting: Cause = {
  code: 'COPYING',
  message: 'in the queue of the tablet scheduler',
  hint: "Wait; SHOW PROC '/cluster_balance/pending_tablets' has the queue.",
};

const unexplained: Cause = {
  code: 'UNEXPLAINED',
  message: 'StarRocks does not say why, and nothing that is known here explains it',
  hint: "Look at SHOW PROC '/cluster_balance/history_tablets' and at the leader's log (TabletScheduler).",
};

function notAsked(tables: number): StallReason {
  return {
    code: 'NOT_ASKED',
    message: `${count(tables, 'table')} with tablets there ${tables === 1 ? 'was' : 'were'} not asked, because there are too many`,
    tables: [],
    hint: 'ADMIN SHOW REPLICA STATUS FROM <table> shows how their replicas are.',
  };
}

const namedAtMost = 5;

/** One reason in a sentence with its tables: `sales.orders (12 tablets), sales.items (3 tablets): 3 replicas …`. */
export function reasonInWords({ message, tables }: Pick<StallReason, 'message' | 'tables'>): string {
  if (tables.length === 0) return message;
  const named = tables.slice(0, namedAtMost).map(({ table, tablets }) => `${table} (${count(tablets, 'tablet')})`);
  const rest = tables.length - namedAtMost;
  return `${named.join(', ')}${rest > 0 ? ` and ${count(rest, 'more table')}` : ''}: ${message}`;
}
