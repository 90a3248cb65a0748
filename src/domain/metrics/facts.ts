import { type MetricSubject, subjectKey } from './measurement.ts';
import type { MetricScope, MetricUnit } from './metric.ts';

/**
 * What is asked at a slower pace than pages are read, by SQL or by another part of the look, kept between the looks as it
 * stands here (plain JSON). Each fact is one number for each subject.
 */
export type Fact = {
  readonly scope: MetricScope;
  readonly unit: MetricUnit;
  /** So long after an answer, it is asked again. */
  readonly everyMs: number;
  /** Who finds it out: SQL to the cluster, the list of nodes that each look reads, the clocks of hosts, conf files on hosts, our own history, or handshakes. */
  readonly from: 'SQL' | 'NODES' | 'HOSTS' | 'CONFS' | 'HISTORY' | 'ENDPOINTS';
  readonly means: string;
};

const minute = 60_000;

const fact = (scope: MetricScope, unit: MetricUnit, rest: Pick<Fact, 'everyMs' | 'from' | 'means'>): Fact => ({
  scope,
  unit,
  ...rest,
});

/** The names of facts never change: they are kept under them. */
export const facts = {
  memory_limit_bytes: fact('NODE', 'BYTES', {
    ...{ everyMs: minute, from: 'NODES' },
    means: 'MemLimit of SHOW BACKENDS and SHOW COMPUTE NODES: what the process may take by its `mem_limit`',
  }),
  tablets_on_node: fact('NODE', 'COUNT', {
    ...{ everyMs: minute, from: 'NODES' },
    means: 'TabletNum of SHOW BACKENDS: replicas that the leader knows there',
  }),
  tablets: fact('CLUSTER', 'COUNT', {
    ...{ everyMs: minute, from: 'SQL' },
    means: "the total of TabletNum of SHOW PROC '/statistic'",
  }),
  tablets_unhealthy: fact('CLUSTER', 'COUNT', {
    ...{ everyMs: minute, from: 'SQL' },
    means:
      "UnhealthyTabletNum of SHOW PROC '/statistic', without StarRocks' own databases; blind for 900 s after a death",
  }),
  tablets_inconsistent: fact('CLUSTER', 'COUNT', {
    ...{ everyMs: minute, from: 'SQL' },
    means: "InconsistentTabletNum of SHOW PROC '/statistic'",
  }),
  tablets_cloning: fact('CLUSTER', 'COUNT', {
    ...{ everyMs: minute, from: 'SQL' },
    means: "CloningTabletNum of SHOW PROC '/statistic'",
  }),
  tablets_in_error: fact('CLUSTER', 'COUNT', {
    ...{ everyMs: minute, from: 'SQL' },
    means: "ErrorStateTabletNum of SHOW PROC '/statistic'",
  }),
  replicas_on_dead_backends: fact('CLUSTER', 'COUNT', {
    ...{ everyMs: minute, from: 'SQL' },
    means: 'the TabletNum of backends that are not alive, by SHOW BACKENDS',
  }),
  tablets_without_replica: fact('CLUSTER', 'COUNT', {
    ...{ everyMs: minute, from: 'SQL' },
    means:
      'tablets without a replica that is OK on a living backend, by ADMIN SHOW REPLICA STATUS of the tables in doubt',
  }),
  routine_load_running: fact('ROUTINE_LOAD', 'COUNT', {
    ...{ everyMs: minute, from: 'SQL' },
    means: '1 while its State is RUNNING, UNSTABLE or NEED_SCHEDULE, 0 while it is PAUSED; by SHOW ROUTINE LOAD',
  }),
  routine_load_lag: fact('ROUTINE_LOAD', 'COUNT', {
    ...{ everyMs: minute, from: 'SQL' },
    means: 'messages that the partition that is furthest behind has to go, by OffsetLag of SHOW ROUTINE LOAD (3.3)',
  }),
  routine_load_rows: fact('ROUTINE_LOAD', 'COUNT', {
    ...{ everyMs: minute, from: 'SQL' },
    means: 'totalRows of Statistic of SHOW ROUTINE LOAD, since it was made',
  }),
  routine_load_error_rows: fact('ROUTINE_LOAD', 'COUNT', {
    ...{ everyMs: minute, from: 'SQL' },
    means: 'errorRows of Statistic of SHOW ROUTINE LOAD, since it was made',
  }),
  routine_load_error_share: fact('ROUTINE_LOAD', 'SHARE', {
    ...{ everyMs: minute, from: 'SQL' },
    means: 'errorRows of totalRows since the question before, by Statistic of SHOW ROUTINE LOAD',
  }),
  routine_loads_behind: fact('CLUSTER', 'COUNT', {
    ...{ everyMs: minute, from: 'SQL' },
    means: 'routine loads whose State is UNSTABLE and whose OffsetLag is not 0, by SHOW ROUTINE LOAD',
  }),
  transaction_limit: fact('CLUSTER', 'COUNT', {
    ...{ everyMs: 5 * minute, from: 'SQL' },
    means: 'max_running_txn_num_per_db of the leader',
  }),
  connection_limit: fact('NODE', 'COUNT', {
    ...{ everyMs: 5 * minute, from: 'SQL' },
    means: 'qe_max_connection, of each frontend',
  }),
  user_connection_limit: fact('USER', 'COUNT', {
    ...{ everyMs: 5 * minute, from: 'SQL' },
    means:
      'max_user_connections of SHOW PROPERTY, for other users than its own only where Starwarden has GRANT on SYSTEM',
  }),
  medium_used_share: fact('MEDIUM', 'SHARE', {
    ...{ everyMs: 5 * minute, from: 'SQL' },
    means: "what is not available of TotalCapacity, of all disks of a StorageMedium, by SHOW PROC '/backends/<id>'",
  }),
  medium_available_bytes: fact('MEDIUM', 'BYTES', {
    ...{ everyMs: 5 * minute, from: 'SQL' },
    means: "AvailCapacity of SHOW PROC '/backends/<id>', of all disks of a StorageMedium",
  }),
  backups_running: fact('CLUSTER', 'COUNT', {
    ...{ everyMs: 2 * minute, from: 'SQL' },
    means: 'backups and restores that have not ended, by SHOW BACKUP and SHOW RESTORE of every database',
  }),
  disk_days_until_full: fact('DISK', 'DAYS', {
    ...{ everyMs: 5 * minute, from: 'HISTORY' },
    means: 'free bytes for each byte a day by which they became fewer lately; unknown while they do not become fewer',
  }),
  clock_difference_seconds: fact('NODE', 'SECONDS', {
    ...{ everyMs: 5 * minute, from: 'HOSTS' },
    means: 'by how much the clock of its host differs from that of Starwarden, whichever is ahead',
  }),
  log_disk_used_share: fact('NODE', 'SHARE', {
    ...{ everyMs: 5 * minute, from: 'HOSTS' },
    means:
      'what is not available of the file system with its logs (LOG_DIR and sys_log_dir), by `df`; the fullest counts',
  }),
  vanished_path_is_named: fact('DISK', 'COUNT', {
    ...{ everyMs: minute, from: 'CONFS' },
    means:
      'of a storage path that a backend showed and shows no more: 1 while `storage_root_path` of its be.conf names it, over SSH',
  }),
  certificate_ends_at: fact('ENDPOINT', 'SECONDS', {
    ...{ everyMs: 30 * minute, from: 'ENDPOINTS' },
    means:
      'when the certificate ends that is shown, in seconds since 1970: by the query port of each frontend where the cluster is asked over TLS, and by the https endpoints that its repositories name',
  }),
} as const satisfies Readonly<Record<string, Fact>>;

export type FactName = keyof typeof facts;

export const factNames = Object.keys(facts).filter(isFactName);

export function isFactName(name: string): name is FactName {
  return Object.hasOwn(facts, name);
}

/** One answer about one fact, as plain JSON. */
export type FactAnswer =
  | {
      /** Milliseconds since 1970, by the clock of the looks. */
      readonly atMs: number;
      readonly values: readonly FactValue[];
      /** What could not be told, and why, while the rest could. */
      readonly unknown?: readonly FactUnknown[];
      /** What was left out of the values, in words. */
      readonly cut?: string;
      /** It was asked again since, and did not answer. */
      readonly failed?: FactProblem;
    }
  | FactProblem;

export type FactProblem = {
  readonly atMs: number;
  readonly problem: string;
  /** It was given up because it took too long, so that the next time it is asked after the others. */
  readonly isSlow?: true;
};

export type FactUnknown = {
  readonly subject: MetricSubject;
  readonly because: string;
  /** Nothing is hidden: there is no such number of this subject now, as of a disk that does not fill. */
  readonly isNone?: true;
};

export type FactValue = {
  readonly subject: MetricSubject;
  readonly value: number;
  /** What the cluster says of it in words, e.g. why a routine load was paused. */
  readonly note?: string;
};

export type FactAnswers = { readonly [name in FactName]?: FactAnswer };

/** `share` = after which part of its pace a fact is asked again: 1, but in labs, in which minutes are seconds. */
type Due = { readonly at: Date; readonly from: Fact['from']; readonly share?: number };

/** Which facts have to be asked again; one that failed waits as long as one that answered. */
export function dueFacts(answers: FactAnswers, { at, from, share = 1 }: Due): FactName[] {
  return factNames.filter((name) => {
    const answer = answers[name];
    if (facts[name].from !== from) return false;
    if (answer === undefined) return true;
    const askedAtMs = 'values' in answer ? (answer.failed?.atMs ?? answer.atMs) : answer.atMs;
    // A clock that was set back must not silence a fact for long.
    return Math.abs(at.getTime() - askedAtMs) >= facts[name].everyMs * share;
  });
}

/** What is known after some facts were asked again: a failure hides no answer that still counts. */
export function mergeFacts(before: FactAnswers, answers: FactAnswers): FactAnswers {
  const merged = factNames.flatMap((name) => {
    const [old, fresh] = [before[name], answers[name]];
    if (fresh === undefined) return old === undefined ? [] : [[name, old] as const];
    const isKept = 'problem' in fresh && old !== undefined && 'values' in old && isCounting(name, old, fresh.atMs);
    return [[name, isKept ? { ...old, failed: fresh } : fresh] as const];
  });
  return Object.fromEntries(merged);
}

/** The answers about facts from one source. */
export function pickFacts(answers: FactAnswers, from: Fact['from']): FactAnswers {
  return Object.fromEntries(
    factNames.flatMap((name) => {
      const answer = answers[name];
      return answer === undefined || facts[name].from !== from ? [] : [[name, answer]];
    }),
  );
}

/** An answer counts for three times its pace: later than that, nobody knows. */
const paces = 3;

function isCounting(name: FactName, { atMs }: { readonly atMs: number }, nowMs: number): boolean {
  return nowMs - atMs <= paces * facts[name].everyMs;
}

/** What an answer that still counts does not know of single subjects. */
export function factUnknowns(answers: FactAnswers, name: string, at: Date): readonly FactUnknown[] {
  const answer = isFactName(name) ? answers[name] : undefined;
  if (answer === undefined || !('values' in answer) || !isFactName(name)) return [];
  return isCounting(name, answer, at.getTime()) ? (answer.unknown ?? []) : [];
}

/** The values of a fact by subject, or why they are not known. */
export function factValues(
  answers: FactAnswers,
  name: string,
  at: Date,
): ReadonlyMap<string, FactValue> | { readonly problem: string } {
  if (!isFactName(name)) return { problem: `${name} is no fact` };
  const answer = answers[name];
  if (answer === undefined) return { problem: 'it was not asked yet' };
  if ('problem' in answer) return { problem: answer.problem };
  if (!isCounting(name, answer, at.getTime())) {
    const minutes = Math.round((at.getTime() - answer.atMs) / minute);
    return { problem: `the last answer is ${minutes} minutes old${answer.failed ? `; ${answer.failed.problem}` : ''}` };
  }
  return new Map(answer.values.map((each) => [subjectKey(each.subject), each]));
}
