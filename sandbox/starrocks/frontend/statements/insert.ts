import { type Cell, done } from '../../mysql/packets.ts';
import { md5 } from '../../object-store.ts';
import { javaText } from '../../rpc.ts';
import type { Expression, SelectStatement } from '../../sql/ast.ts';
import { analysisError, executionError, SqlError } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { callBackend, isAlive } from '../data/backends.ts';
import { loadChanges, recordFailedLoad } from '../data/loads.ts';
import { partitionsOf } from '../data/placement.ts';
import { withTableLock } from '../data/table-lock.ts';
import { partitionFor, requireTable } from '../data/tables.ts';
import { type Handlers, onLeader } from '../handlers.ts';
import { createIds } from '../meta/ids.ts';
import { type ClusterState, change, type Database, type Partition, type Table, type Tablet } from '../meta/state.ts';
import { evaluate } from '../query/evaluate.ts';
import { requireAnyBackend } from '../query/scan.ts';
import { runSelect } from '../query/select.ts';
import { storeAs } from '../query/types.ts';
import type { Session } from '../session.ts';
import { inTransaction } from '../transactions.ts';

type Insert = { columns: string[] | null; source: Expression[][] | SelectStatement };
type Work = { fe: FrontendContext; session: Session };

export const insertHandlers: Handlers<'insert'> = {
  insert: onLeader(async ({ statement, session, fe }) => {
    const { db, table } = requireTable(fe, session, statement.table);
    requirePrivilege(fe, session, {
      privileges: ['INSERT'],
      object: { kind: 'TABLE', db: db.name, table: table.name },
    });
    if (table.state !== 'NORMAL')
      throw executionError(fe.release, `table ${table.name} is in state ${table.state}, not NORMAL`);
    requireAnyBackend(fe);
    const rows = await readRows(statement, table, { fe, session });
    if (table.view) throw executionError(fe.release, `${table.name} is a view and takes no rows`);
    const into = { partitions: statement.partitions, temporary: statement.temporary };
    const transactionId = await withTableLock(table.id, () => load(fe, { db, table }, rows, into));
    const info = `{'label':'insert_${md5(`${transactionId}`)}', 'status':'VISIBLE', 'txnId':'${transactionId}'}`;
    return done(rows.length, info);
  }),
};

async function readRows({ columns, source }: Insert, table: Table, { fe, session }: Work): Promise<Cell[][]> {
  const names = columns ?? table.columns.map(({ name }) => name);
  const unknown = names.find(
    (name) => !table.columns.some((column) => column.name.toLowerCase() === name.toLowerCase()),
  );
  if (unknown !== undefined) throw new SqlError(1054, '42S22', `Unknown column '${unknown}' in '${table.name}'`);
  const values = Array.isArray(source)
    ? source.map((row) => row.map((expression) => evaluate(expression, { fe, session, row: null })))
    : (await runSelect(source, { fe, session })).rows;
  const positions = new Map(names.map((name, at) => [name.toLowerCase(), at]));
  return values.map((row) => {
    if (row.length !== names.length) throw analysisError("Column count doesn't match value count");
    return table.columns.map((column) => {
      const at = positions.get(column.name.toLowerCase());
      return storeAs(at === undefined ? column.fallback : (row[at] ?? null), column);
    });
  });
}

/** Writes every replica that is alive; the load counts when each tablet has the majority of its replicas. */
type Into = { partitions: string[] | null; temporary: boolean };

async function load(
  fe: FrontendContext,
  { db, table }: { db: Database; table: Table },
  rows: Cell[][],
  into: Into,
): Promise<number> {
  const partitions = partitionsInto(fe, table, into);
  const parts = new Map<Partition, Cell[][]>();
  for (const row of rows) {
    const partition = partitionFor(table, partitions, row);
    if (!partition) throw new SqlError(5604, 'HY000', 'Insert has filtered data: The row is out of partition ranges');
    parts.set(partition, [...(parts.get(partition) ?? []), row]);
  }
  const createdAt = Date.now();
  const label = `insert_${md5(`${table.id} ${createdAt}`)}`;
  const told = { label, dbId: db.id, tableName: table.name, rows: rows.length, createdAt };
  fe.metrics.loadsAdded++;
  const work = async () => {
    const broken = fe.faults.strike('load-fail', `${db.name}.${table.name}`);
    if (broken !== null) throw executionError(fe.release, broken.message ?? 'Insert has filtered data');
    const written = await Promise.all(
      [...parts].map(([partition, part]) => writePartition(fe, table, partition, part)),
    );
    return fe.group.update((state) => {
      const ids = createIds(state);
      const value = ids.next();
      const changes = [...written.flatMap((one) => publish(state, one)), ...loadChanges(state, ids, told)];
      return { changes: [...changes, ids.change()], value };
    });
  };
  try {
    const transactionId = await inTransaction(fe, { db, label }, work);
    fe.metrics.loadsFinished++;
    return transactionId;
  } catch (error) {
    fe.metrics.loadsCancelled++;
    if (fe.group.isLeader) await recordFailedLoad(fe, { ...told, error: javaText(error) });
    throw error;
  }
}

/** All but the temporary ones, or those that are named. */
function partitionsInto(fe: FrontendContext, table: Table, { partitions: names, temporary }: Into): Partition[] {
  const all = partitionsOf(fe.group.state, table.id).filter((one) => Boolean(one.temporary) === temporary);
  const missing = names?.find((wanted) => !all.some(({ name }) => name === wanted));
  if (missing !== undefined)
    throw executionError(fe.release, `Unknown partition '${missing}' in table '${table.name}'`);
  return all.filter(({ name }) => names?.includes(name) ?? true);
}

type Written = { partition: Partition; rowCount: number; bytes: number; reached: Map<number, number[]> };

async function writePartition(
  fe: FrontendContext,
  table: Table,
  partition: Partition,
  rows: Cell[][],
): Promise<Written> {
  const buckets = new Map<Tablet, Cell[][]>(partition.tablets.map((tablet) => [tablet, []]));
  for (const row of rows) buckets.get(bucketOf(table, partition, row))?.push(row);
  const written: Written = { partition, rowCount: rows.length, bytes: 0, reached: new Map() };
  await Promise.all(
    [...buckets].map(async ([tablet, part]) => {
      const { reached, bytes } = await writeTablet(fe, partition, tablet, part);
      written.reached.set(tablet.id, reached);
      written.bytes += bytes;
    }),
  );
  return written;
}

function bucketOf(table: Table, partition: Partition, row: Cell[]): Tablet {
  const key = table.distribution.columns.map(
    (name) => row[table.columns.findIndex((column) => column.name === name)] ?? null,
  );
  const tablet =
    partition.tablets[Number.parseInt(md5(JSON.stringify(key)).slice(0, 8), 16) % partition.tablets.length];
  if (!tablet) throw new Error(`partition ${partition.id} has no tablets`);
  return tablet;
}

async function writeTablet(fe: FrontendContext, partition: Partition, tablet: Tablet, rows: Cell[][]) {
  const version = partition.visibleVersion + 1;
  const current = tablet.replicas.filter(
    (one) => isAlive(fe, one.backendId) && !one.bad && one.version === partition.visibleVersion,
  );
  const errors: string[] = [];
  let bytes = 0;
  const reached: number[] = [];
  await Promise.all(
    current.map(({ backendId }) =>
      callBackend(fe, backendId, 'write', { tabletId: tablet.id, version, rows }).then(
        (reply) => {
          bytes = reply.bytes;
          reached.push(backendId);
        },
        (error: Error) => errors.push(`${backendId}: ${error.message}`),
      ),
    ),
  );
  const needed = Math.floor(tablet.replicas.length / 2) + 1;
  if (reached.length >= needed) return { reached, bytes };
  const alive = tablet.replicas.filter(({ backendId }) => isAlive(fe, backendId)).map(({ backendId }) => backendId);
  throw executionError(
    fe.release,
    errors.length > 0
      ? `Failed to write tablet ${tablet.id}: ${errors.join('; ')}`
      : `Tablet lost replicas. Check if any backend is down or not. tablet_id: ${tablet.id}, ` +
          `replicas: ${tablet.replicas.map(({ backendId }) => backendId).join(',')}, alive: ${alive.join(',')}`,
  );
}

/** The new version becomes visible; replicas that missed it stay behind until the scheduler clones them. */
function publish(state: ClusterState, { partition, rowCount, bytes, reached }: Written) {
  const now = state.partitions.get(String(partition.id));
  if (!now) throw new Error(`partition ${partition.name} was dropped during the load`);
  const version = partition.visibleVersion + 1;
  const tablets = now.tablets.map((tablet) => ({
    ...tablet,
    replicas: tablet.replicas.map((replica) =>
      reached.get(tablet.id)?.includes(replica.backendId)
        ? { ...replica, version }
        : { ...replica, lastFailedVersion: version },
    ),
  }));
  const counts = { rowCount: now.rowCount + rowCount, dataBytes: now.dataBytes + bytes };
  return [change('partitions', now.id, { ...now, ...counts, tablets, visibleVersion: version, visibleAt: Date.now() })];
}
