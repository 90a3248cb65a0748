import type { Refusal } from '../plan.ts';
import { mediumInWords } from '../tablets/disk.ts';
import { count } from '../words.ts';
import { type BackendFacts, roomOf, type SchedulerFacts } from './backend-facts.ts';
import { isCertain, reasonInWords, type StallCode, type StallReason } from './stall.ts';

/** What has to be known to let backends leave. */
export type DecommissionFacts = {
  /** Every backend of the cluster. */
  readonly backends: readonly BackendFacts[];
  readonly scheduler: SchedulerFacts;
  /** `shared_nothing` or `shared_data`; null = not known. */
  readonly runMode: string | null;
  /** Living compute nodes, which serve a shared-data cluster as well. */
  readonly computeNodesAlive: number;
  /** The table that wants the most replicas, StarRocks' own statistics left out; null = that could not be told. */
  readonly highest: { readonly table: string; readonly replicas: number } | null;
  /** `BackendId`s of those whose tablets were to be looked at. */
  readonly diagnosed: readonly string[];
  /** Why tablets of a backend that is asked for would stay, by its label; one that could not be asked is missing. */
  readonly stalls: readonly { readonly label: string; readonly reasons: readonly StallReason[] }[];
  /** Backups and restores that run. */
  readonly runningJobs: readonly string[];
  /** Changes of tables that run; null = that could not be told. */
  readonly tableChanges: readonly string[] | null;
  /** Colocation groups that are not stable. */
  readonly unstableGroups: readonly string[];
};

export type DecommissionWish = {
  /** `BackendId`s that are to leave. */
  readonly ids: readonly string[];
  /** How much more room than the data takes has to be free on the others, in percent of that data. */
  readonly marginPercent: number;
  readonly acceptFewerDomains: boolean;
  readonly acceptOtherMedium: boolean;
  /** True once this run has begun: what it asked for itself is no decommission of somebody else. */
  readonly isUnderWay: boolean;
};

/** Why these backends may not be decommissioned now; empty = they may. */
export function decommissionRefusals(facts: DecommissionFacts, wish: DecommissionWish): readonly Refusal[] {
  const asked = facts.backends.filter(({ id }) => wish.ids.includes(id));
  const staying = facts.backends.filter(({ id, decommissioning }) => !wish.ids.includes(id) && !decommissioning);
  const under = underWay(facts, asked, wish);
  if (under.length > 0) return under;
  if (facts.runMode === 'shared_data') return sharedDataRefusals(facts, staying);
  if (facts.runMode === null) return [unknown('whether the cluster keeps its data on its backends (run_mode)')];
  return [
    ...replicaRefusals(facts, staying),
    ...countRefusals(asked, staying),
    ...domainRefusals(facts, { asked, staying, wish }),
    ...schedulerRefusals(facts.scheduler),
    ...spaceRefusals(facts, { asked, staying, wish }),
    ...stallRefusals(facts, asked),
    ...workRefusals(facts),
  ];
}

function underWay(
  { backends }: DecommissionFacts,
  asked: readonly BackendFacts[],
  { ids, isUnderWay }: DecommissionWish,
): Refusal[] {
  const others = backends.filter(({ id, decommissioning }) => decommissioning && !ids.includes(id));
  const already = isUnderWay ? [] : asked.filter(({ decommissioning }) => decommissioning);
  if (others.length + already.length === 0) return [];
  const names = [...already, ...others].map(({ label }) => label).join(', ');
  return [
    {
      code: 'PREFLIGHT_FAILED',
      message: `${names} ${already.length + others.length === 1 ? 'is' : 'are'} being decommissioned already`,
      hint: 'Wait until it has ended, or stop it with cancelDecommission.',
    },
  ];
}

function sharedDataRefusals({ computeNodesAlive }: DecommissionFacts, staying: readonly BackendFacts[]): Refusal[] {
  const living = staying.filter(({ alive }) => alive).length + computeNodesAlive;
  if (living > 0) return [];
  return [
    {
      code: 'REPLICATION_AT_RISK',
      message: 'No living backend or compute node would be left, so no query could run',
      hint: 'Add a node first.',
    },
  ];
}

function replicaRefusals({ highest }: DecommissionFacts, staying: readonly BackendFacts[]): Refusal[] {
  if (highest === null) return [unknown('how many replicas the tables want')];
  const living = staying.filter(({ alive }) => alive);
  const hosts = new Set(living.map(({ host }) => host)).size;
  const wanted = Math.max(1, highest.replicas);
  if (hosts >= wanted) return [];
  const left =
    hosts === living.length
      ? count(living.length, 'living backend')
      : `${count(living.length, 'living backend')} on ${count(hosts, 'machine')}`;
  return [
    {
      code: 'REPLICATION_AT_RISK',
      message: `${left} would be left, and ${highest.table} wants ${count(highest.replicas, 'replica')} on as many machines`,
      hint: 'Add a backend first, bring backends up that are down, or lower replication_num of such tables.',
    },
  ];
}

/** The more leave together, the less is left to take their data and to fail. */
function countRefusals(asked: readonly BackendFacts[], staying: readonly BackendFacts[]): Refusal[] {
  const living = staying.filter(({ alive }) => alive).length;
  if (asked.length <= Math.max(1, living)) return [];
  return [
    {
      code: 'PREFLIGHT_FAILED',
      message: `${count(asked.length, 'backend')} are to leave at once, and only ${count(living, 'living backend')} would stay`,
      hint: 'Let at most half of them leave in one request.',
    },
  ];
}

type Sides = {
  readonly asked: readonly BackendFacts[];
  readonly staying: readonly BackendFacts[];
  readonly wish: DecommissionWish;
};

/** Replicas are spread over the locations where backends have one: fewer of them than replicas cannot hold one each. */
function domainRefusals({ highest, backends }: DecommissionFacts, { staying, wish }: Sides): Refusal[] {
  const domains = (nodes: readonly BackendFacts[]) =>
    new Set(nodes.flatMap(({ alive, location }) => (alive && location !== null ? [location] : []))).size;
  const [before, after] = [domains(backends), domains(staying)];
  const wanted = Math.min(before, highest?.replicas ?? before);
  if (after >= wanted || wish.acceptFewerDomains) return [];
  return [
    {
      code: 'REPLICATION_AT_RISK',
      message: `${count(after, 'failure domain')} (labels.location) would be left of ${before}, fewer than the ${count(wanted, 'replica')} that are spread over them`,
      hint: 'Let a backend of another location leave, or give acceptFewerDomains: true if replicas may share a location.',
    },
  ];
}

function schedulerRefusals({ maxScheduling, slotsPerPath }: SchedulerFacts): Refusal[] {
  if (maxScheduling === null)
    return [unknown('whether the leader moves tablets (tablet_sched_max_scheduling_tablets)')];
  const off = [
    ...(maxScheduling <= 0 ? [`tablet_sched_max_scheduling_tablets is ${maxScheduling}`] : []),
    ...(slotsPerPath !== null && slotsPerPath <= 0 ? [`tablet_sched_slot_num_per_path is ${slotsPerPath}`] : []),
  ];
  if (off.length === 0) return [];
  return [
    {
      code: 'PREFLIGHT_FAILED',
      message: `The tablet scheduler is off: ${off.join(', ')}`,
      hint: "Set it back on the leader first (StarRocks' own values are 10000 and 8); a run that paused it does so at its end.",
    },
  ];
}

function spaceRefusals({ scheduler }: DecommissionFacts, { asked, staying, wish }: Sides): Refusal[] {
  const silent = [
    ...asked.filter(({ tabletCount }) => tabletCount > 0),
    ...staying.filter(({ alive }) => alive),
  ].filter(
    ({ disks }) =>
      disks === null || disks.some(({ availableBytes, totalBytes }) => availableBytes === null || totalBytes === null),
  );
  if (silent.length > 0) return [unknown(`how much room there is on ${silent.map(({ label }) => label).join(', ')}`)];
  const need = byMedium(asked, ({ usedBytes }) => usedBytes ?? 0);
  const room = byMedium(
    staying.filter(({ alive }) => alive),
    (disk) => roomOf(disk, scheduler),
  );
  const factor = 1 + wish.marginPercent / 100;
  const total = (sums: ReadonlyMap<string, number>) => [...sums.values()].reduce((sum, size) => sum + size, 0);
  const isTight = ([medium, size]: readonly [string, number]) => size > 0 && (room.get(medium) ?? 0) < size * factor;
  const tight = [...need].filter(isTight);
  const fitsElsewhere =
    wish.acceptOtherMedium && scheduler.strictMedium !== true && total(room) >= total(need) * factor;
  if (tight.length === 0 || fitsElsewhere) return [];
  return tight.map(
    ([medium, size]): Refusal => ({
      code: 'PREFLIGHT_FAILED',
      message: `${sizeInWords(size)} on ${medium} are to move, and the others have room for ${sizeInWords(room.get(medium) ?? 0)} on ${medium} below StarRocks' limits; ${wish.marginPercent} % more than the data are wanted`,
      hint: 'Free space or add a backend first; acceptOtherMedium: true lets data move to paths of another medium.',
    }),
  );
}

function byMedium(
  backends: readonly BackendFacts[],
  sizeOf: (disk: NonNullable<BackendFacts['disks']>[number]) => number,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const disk of backends.flatMap(({ disks }) => disks ?? [])) {
    const medium = mediumInWords(disk.medium);
    sums.set(medium, (sums.get(medium) ?? 0) + sizeOf(disk));
  }
  return sums;
}

export function sizeInWords(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
  const at = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const size = bytes / 1_024 ** at;
  return `${at === 0 ? Math.round(size) : size.toFixed(1)} ${units[at]}`;
}

const codes: Partial<Record<StallCode, Refusal['code']>> = {
  ONLY_REPLICA_AWAY: 'REPLICATION_AT_RISK',
  NO_GOOD_REPLICA: 'REPLICATION_AT_RISK',
  REPLICATION_NUM: 'REPLICATION_AT_RISK',
  TOO_FEW_BACKENDS: 'REPLICATION_AT_RISK',
  NO_SPACE: 'PREFLIGHT_FAILED',
  TABLE_CHANGING: 'PREFLIGHT_FAILED',
  COLOCATE_OFF: 'PREFLIGHT_FAILED',
};

/** Tablets that would never leave: the diagnosis of a stall, made before there is one. */
function stallRefusals({ stalls, diagnosed }: DecommissionFacts, asked: readonly BackendFacts[]): Refusal[] {
  const unasked = asked.filter(
    ({ id, label, tabletCount }) =>
      diagnosed.includes(id) && tabletCount > 0 && !stalls.some((one) => one.label === label),
  );
  return [
    ...(unasked.length === 0
      ? []
      : [unknown(`which tables have tablets on ${unasked.map(({ label }) => label).join(', ')}`)]),
    ...stalls.flatMap(({ label, reasons }) =>
      reasons.flatMap((reason) => {
        const code = codes[reason.code];
        if (code === undefined) return [];
        return [{ code, message: `${label} would keep tablets. ${reasonInWords(reason)}`, hint: reason.hint }];
      }),
    ),
  ];
}

function workRefusals({ runningJobs, tableChanges, unstableGroups }: DecommissionFacts): Refusal[] {
  const refusals: Refusal[] = [];
  if (runningJobs.length > 0)
    refusals.push({
      code: 'PREFLIGHT_FAILED',
      message: `A backup or restore is running, whose tablets would move: ${runningJobs.join(', ')}`,
      hint: 'Wait until it has ended.',
    });
  if (tableChanges === null) refusals.push(unknown('whether tables are being changed'));
  else if (tableChanges.length > 0)
    refusals.push({
      code: 'PREFLIGHT_FAILED',
      message: `Tables are being changed, and none of their tablets moves meanwhile: ${tableChanges.join(', ')}`,
      hint: 'Wait until SHOW ALTER TABLE shows none that runs.',
    });
  if (unstableGroups.length > 0)
    refusals.push({
      code: 'PREFLIGHT_FAILED',
      message: `${count(unstableGroups.length, 'colocation group')} ${unstableGroups.length === 1 ? 'is' : 'are'} not stable: ${unstableGroups.join(', ')}`,
      hint: "Wait until IsStable is true in SHOW PROC '/colocation_group'.",
    });
  return refusals;
}

function unknown(what: string): Refusal {
  return {
    code: 'PREFLIGHT_FAILED',
    message: `It could not be told ${what}`,
    hint: 'The user of Starwarden needs OPERATE, the leader has to answer, and a backend has to be alive. Then ask again.',
  };
}

/** What does not forbid it, and people should know. */
export function decommissionNotes(facts: DecommissionFacts, ids: readonly string[]): readonly string[] {
  const asked = facts.backends.filter(({ id }) => ids.includes(id));
  const dead = asked.filter(({ alive }) => !alive).map(({ label }) => label);
  const later = facts.stalls.flatMap(({ label, reasons }) =>
    reasons
      .filter((reason) => !isCertain(reason) && reason.code === 'COLOCATE_WAITS')
      .map((reason) => `${label}: ${reasonInWords(reason)}`),
  );
  return [
    ...asked.map(({ label, tabletCount, disks }) => {
      const data = (disks ?? []).reduce((sum, { usedBytes }) => sum + (usedBytes ?? 0), 0);
      return `${label} holds ${count(tabletCount, 'tablet')}${disks === null ? '' : ` and ${sizeInWords(data)}`}`;
    }),
    ...dead.map((label) => `${label} is down: its tablets are made anew from their other replicas`),
    ...later,
    'No other run that changes this cluster begins before it has ended, backups included',
  ];
}
