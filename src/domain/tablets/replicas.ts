import type { BackendRow } from '../topology.ts';
import { count } from '../words.ts';

/** One replica, as ADMIN SHOW REPLICA STATUS has it. */
export type TableReplica = {
  readonly tabletId: string;
  /** A replica that was made anew on the same backend has another one. */
  readonly replicaId: string;
  readonly backendId: string;
  /** OK, DEAD, VERSION_ERROR, MISSING, SCHEMA_ERROR; a replica that was set bad is DEAD too. */
  readonly status: string;
  readonly isBad: boolean;
  readonly version: number | null;
  /** The version up to which the partition is written; null = not told. */
  readonly committedVersion: number | null;
};

export type TabletsOfTable = {
  readonly tablets: number;
  /** Tablets with a replica that is not OK, or with fewer replicas than the table's best tablet has. */
  readonly unhealthy: readonly string[];
  /** Replicas by their status. */
  readonly replicas: ReadonlyMap<string, number>;
};

/** What the replicas of a table come to. Pure. */
export function judgeTablets(replicas: readonly TableReplica[]): TabletsOfTable {
  const byTablet = Map.groupBy(replicas, ({ tabletId }) => tabletId);
  const most = Math.max(0, ...[...byTablet.values()].map((own) => own.length));
  const unhealthy = [...byTablet].flatMap(([id, own]) => (own.length < most || !own.every(isWell) ? [id] : []));
  const byStatus = Map.groupBy(replicas, ({ status }) => status);
  return {
    tablets: byTablet.size,
    unhealthy: unhealthy.toSorted((a, b) => Number(a) - Number(b)),
    replicas: new Map([...byStatus].map(([status, own]) => [status, own.length])),
  };
}

/** `2 of 12 tablets are not whole: 3 replicas DEAD`. */
export function tabletsOfTableInWords({ tablets, unhealthy, replicas }: TabletsOfTable): string {
  if (tablets === 0) return 'it has no tablet';
  if (unhealthy.length === 0) return `all of ${count(tablets, 'tablet')} whole`;
  const wrong = [...replicas].filter(([status]) => status !== 'OK');
  const why = wrong.map(([status, number]) => `${count(number, 'replica')} ${status}`).join(', ');
  return `${unhealthy.length} of ${count(tablets, 'tablet')} not whole${why === '' ? ', for they have fewer replicas than others' : `: ${why}`}`;
}

export function isWell({ status, isBad }: TableReplica): boolean {
  return status === 'OK' && !isBad;
}

/** The backends that live and do not leave, by BackendId. */
export function stayingBackends(backends: readonly BackendRow[]): ReadonlySet<string> {
  return new Set(backends.filter(({ alive, decommissioning }) => alive && !decommissioning).map(({ id }) => id));
}

/** Why a replica must not be set bad; null = the tablet can do without it. */
export type WhyNotBad =
  | { readonly code: 'NOT_FOUND'; readonly message: string }
  | { readonly code: 'PRECONDITION_FAILED'; readonly message: string }
  | { readonly code: 'REPLICATION_AT_RISK'; readonly message: string };

/** How many other replicas have to be well. With one, the next failure while the third is made anew loses the data. */
const othersNeeded = 2;

/**
 * Whether this replica may be set bad, given all replicas of its tablet and which backends live. A bad replica is deleted, so
 * the others must be well, complete, and on backends that live and stay.
 */
export function whyNotBad(
  replicas: readonly TableReplica[],
  { tabletId, backendId, staying }: { tabletId: string; backendId: string; staying: ReadonlySet<string> },
): WhyNotBad | null {
  const own = replicas.filter((replica) => replica.tabletId === tabletId);
  const replica = own.find((each) => each.backendId === backendId);
  if (replica === undefined)
    return { code: 'NOT_FOUND', message: `Tablet ${tabletId} has no replica on backend ${backendId}` };
  if (replica.isBad)
    return {
      code: 'PRECONDITION_FAILED',
      message: `The replica of tablet ${tabletId} on backend ${backendId} is bad already`,
    };
  const others = own.filter((each) => each !== replica);
  const faults = others.flatMap((other) => faultOf(other, staying));
  const well = others.length - faults.length;
  if (well >= othersNeeded && faults.length === 0) return null;
  const why = faults.length > 0 ? `: ${faults.join('; ')}` : '';
  return {
    code: 'REPLICATION_AT_RISK',
    message: `Tablet ${tabletId} has ${count(well, 'other replica')} that ${well === 1 ? 'is' : 'are'} well of ${others.length}, and ${othersNeeded} are needed, with none that is not${why}`,
  };
}

function faultOf(replica: TableReplica, staying: ReadonlySet<string>): string[] {
  const where = `the one on backend ${replica.backendId}`;
  if (!isWell(replica)) return [`${where} is ${replica.isBad ? 'bad' : replica.status}`];
  if (!staying.has(replica.backendId)) return [`${where} is on a backend that is down or leaves`];
  const { version, committedVersion } = replica;
  if (version === null || committedVersion === null) return [`${where} does not tell its version`];
  return version < committedVersion ? [`${where} is at version ${version} of ${committedVersion}`] : [];
}
