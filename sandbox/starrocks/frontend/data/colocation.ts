import { SqlError } from '../../sql/errors.ts';
import type { FrontendContext } from '../context.ts';
import type { ClusterState, Partition, Table, Tablet } from '../meta/state.ts';
import { availableBackends, partitionsOf } from './placement.ts';

/** The tables of a group: `colocate_with` holds within a database. */
export function groupOf(state: ClusterState, { dbId, colocateWith }: Pick<Table, 'dbId' | 'colocateWith'>): Table[] {
  if (colocateWith === undefined) return [];
  return [...state.tables.values()].filter((table) => table.dbId === dbId && table.colocateWith === colocateWith);
}

/** Tables of a group have equal buckets and replicas. */
export function refuseColocation(state: ClusterState, table: Table): void {
  const [other] = groupOf(state, table).filter(({ id }) => id !== table.id);
  if (other === undefined) return;
  const refuse = (what: string, mine: number, theirs: number, info: string) => {
    const text = `Colocate tables must have same ${what}: ${mine}, with group ${table.colocateWith}, ${info} info ${theirs}`;
    throw new SqlError(5063, '42000', text);
  };
  const [mine, theirs] = [table.distribution.buckets, other.distribution.buckets];
  if (mine !== theirs) refuse('bucket num', mine, theirs, 'current');
  if (table.replicationNum !== other.replicationNum)
    refuse('replication num', table.replicationNum, other.replicationNum, 'partition');
}

/** The backends of each bucket of the group, as its first table has them; null where there is no group yet. */
export function colocatedPlaces(state: ClusterState, table: Table): number[][] | null {
  const [first] = groupOf(state, table).filter(({ id }) => id !== table.id);
  const partition = partitionsOf(state, first?.id ?? -1)[0] ?? partitionsOf(state, table.id)[0];
  if (table.colocateWith === undefined || partition === undefined) return null;
  return partition.tablets.map(({ replicas }) => replicas.map(({ backendId }) => backendId));
}

/** The tablets that stand in the same bucket of the group, this one among them. */
export function bucketMates(state: ClusterState, table: Table, partition: Partition, tablet: Tablet): Tablet[] {
  const bucket = partition.tablets.findIndex(({ id }) => id === tablet.id);
  const partitions = groupOf(state, table).flatMap(({ id }) => partitionsOf(state, id));
  return partitions.flatMap((one) => one.tablets[bucket] ?? []);
}

/** A group is stable when all tablets of a bucket are on the same backends, and these are there to stay. */
export function isStable(state: ClusterState, group: readonly Table[]): boolean {
  const available = new Set(availableBackends(state).map(({ id }) => id));
  const partitions = group.flatMap(({ id }) => partitionsOf(state, id));
  const placeOf = ({ replicas }: Tablet) =>
    replicas
      .map(({ backendId }) => backendId)
      .sort((a, b) => a - b)
      .join();
  const [first] = partitions;
  return (first?.tablets ?? []).every((tablet, bucket) => {
    const places = partitions.map((one) => placeOf(one.tablets[bucket] ?? tablet));
    return new Set(places).size === 1 && tablet.replicas.every(({ backendId }) => available.has(backendId));
  });
}

type Watch = { alive: string; since: number };
const watched = new WeakMap<FrontendContext, Watch>();

/**
 * Whether a group may be moved now: not while that is switched off, and only when the same backends have been alive for
 * `tablet_sched_colocate_balance_wait_system_stable_time_s`. Asked once a round, since it watches.
 */
export function mayRelocateGroups(fe: FrontendContext): boolean {
  const alive = [...fe.group.state.workers.values()].filter((one) => one.kind === 'BACKEND' && one.alive);
  const now = alive
    .map(({ id }) => id)
    .sort((a, b) => a - b)
    .join();
  const before = watched.get(fe);
  const since = before?.alive === now ? before.since : Date.now();
  watched.set(fe, { alive: now, since });
  if (fe.config.flag('tablet_sched_disable_colocate_balance')) return false;
  const waitMs = fe.config.number('tablet_sched_colocate_balance_wait_system_stable_time_s') * 1000;
  return Date.now() - since > fe.pace.ms(waitMs);
}

/** One row a group, for `/colocation_group`. */
export function groupRows(state: ClusterState): string[][] {
  const names = new Map<string, Table>();
  for (const table of state.tables.values()) {
    if (table.colocateWith !== undefined) names.set(`${table.dbId}.${table.colocateWith}`, table);
  }
  return [...names.values()].map((some) => {
    const group = groupOf(state, some);
    const [first = some] = group;
    const types = first.distribution.columns.map(
      (column) => first.columns.find(({ name }) => name === column)?.type ?? '',
    );
    return [
      `${some.dbId}.${first.id}`,
      `${some.dbId}_${some.colocateWith}`,
      group.map(({ id }) => id).join(', '),
      group.map(({ name }) => name).join(', '),
      String(first.distribution.buckets),
      String(first.replicationNum),
      types.join(', '),
      String(isStable(state, group)),
    ];
  });
}
