import { done, textRows } from '../../mysql/packets.ts';
import type { StatusFilter, TableName } from '../../sql/ast.ts';
import type { LocatedProperties } from '../../sql/cursor.ts';
import { analysisError, analysisErrorAt, executionError, type Span } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { partitionsOf } from '../data/placement.ts';
import { findDatabase, findTable } from '../data/tables.ts';
import { formatPercent } from '../format.ts';
import { type Handlers, locally, onLeader } from '../handlers.ts';
import { change, type Partition, type Replica, type Table } from '../meta/state.ts';
import type { Session } from '../session.ts';

type Kinds = 'showReplicaStatus' | 'showReplicaDistribution' | 'setReplicaStatus' | 'repairTable' | 'checkTablets';

export const replicaHandlers: Handlers<Kinds> = {
  showReplicaStatus: locally(({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['OPERATE'] });
    if (statement.where) refuseUnknownStatus(statement.where);
    const partitions = chosenPartitions(fe, session, { ...statement, kindOfTable: 'OLAP table' });
    const columns = [
      ...[
        'TabletId',
        'ReplicaId',
        'BackendId',
        'Version',
        'LastFailedVersion',
        'LastSuccessVersion',
        'CommittedVersion',
      ],
      ...['SchemaHash', 'VersionNum', 'IsBad', 'IsSetBadForce', 'State', 'Status'],
    ];
    const rows = partitions.flatMap((partition) =>
      partition.tablets.flatMap(({ id, replicas }) =>
        replicas.map((one) => [
          ...[id, one.id, one.backendId, one.version, one.lastFailedVersion, one.version, partition.visibleVersion].map(
            String,
          ),
          ...[String(partition.schemaHash), String(one.version), String(one.bad), String(one.bad), 'NORMAL'],
          replicaStatus(fe, partition, one),
        ]),
      ),
    );
    const { where } = statement;
    const shown = rows.filter((row) => !where || (row.at(-1) === where.status.toUpperCase()) === where.equal);
    return textRows(columns, shown);
  }),

  showReplicaDistribution: locally(({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['OPERATE'] });
    const partitions = chosenPartitions(fe, session, { ...statement, kindOfTable: 'native table' });
    const backends = [...fe.group.state.workers.values()].filter(({ kind }) => kind === 'BACKEND');
    const replicas = partitions.flatMap(({ tablets }) => tablets).flatMap((tablet) => tablet.replicas);
    const rows = backends.map(({ id }) => {
      const count = replicas.filter(({ backendId }) => backendId === id).length;
      const share = count / Math.max(1, replicas.length);
      return [String(id), String(count), '>'.repeat(Math.round(share * 100)), formatPercent(share)];
    });
    return textRows(['BackendId', 'ReplicaNum', 'Graph', 'Percent'], rows);
  }),

  /** An unknown tablet or backend is answered with a silent OK. */
  setReplicaStatus: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['OPERATE'] });
    const { tabletId, backendId, status } = replicaToSet(statement.properties);
    await fe.group.update((state) => {
      const partition = [...state.partitions.values()].find(({ tablets }) =>
        tablets.some(({ id }) => id === Number(tabletId)),
      );
      if (!partition) return { changes: [], value: null };
      const tablets = partition.tablets.map((tablet) => ({
        ...tablet,
        replicas: tablet.replicas.map((one) => {
          const hit = tablet.id === Number(tabletId) && one.backendId === Number(backendId);
          return hit ? { ...one, bad: status === 'bad' } : one;
        }),
      }));
      return { changes: [change('partitions', partition.id, { ...partition, tablets })], value: null };
    });
    return done();
  }),

  repairTable: onLeader(({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['OPERATE'] });
    const table = findReplicaTable(fe, session, statement.table);
    if (!table) throw executionError(fe.release, missingTable('OLAP table', statement.table.name));
    const missing = missingPartition(fe, table, statement.partitions);
    if (missing !== undefined) throw executionError(fe.release, `Partition does not exist: ${missing}`);
    const { partitions: wanted, cancel } = statement;
    for (const one of partitionsOf(fe.group.state, table.id)) {
      if (wanted !== null && !wanted.includes(one.name)) continue;
      const until = Date.now() + fe.pace.ms(repairFirstMs);
      if (cancel) fe.schedule.urgent.delete(one.id);
      else fe.schedule.urgent.set(one.id, { dbId: table.dbId, tableId: table.id, until });
    }
    return done();
  }),
  checkTablets: onLeader(({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['OPERATE'] });
    const { values, spans, last } = statement.properties;
    const { type } = values;
    if (type === undefined) throw analysisErrorAt(last, "Missing necessary properties 'type'");
    if (type.toLowerCase() !== 'consistency')
      throw analysisErrorAt(spans.get('type') ?? last, `Invalid type value '${type}'`);
    return done();
  }),
};

/** How long ADMIN REPAIR TABLE puts a table first. */
const repairFirstMs = 4 * 3_600_000;

const shownStatus = new Set(['OK', 'DEAD', 'VERSION_ERROR', 'SCHEMA_ERROR', 'MISSING']);

function refuseUnknownStatus({ status, span }: StatusFilter): void {
  if (shownStatus.has(status.toUpperCase())) return;
  const all = [...shownStatus].map((one) => `'${one}'`).join('|');
  throw analysisErrorAt(span, `Unsupported predicates. Where clause can only be 'status =|!= ${all}'`);
}

/** Keys may be written in any case; the first thing that is wrong is named, with where it stands. */
function replicaToSet({ values, spans, last }: LocatedProperties) {
  const read = (key: string) => {
    const written = Object.keys(values).find((one) => one.toLowerCase() === key);
    return written === undefined ? undefined : { value: values[written] ?? '', span: spans.get(written) ?? last };
  };
  const [tablet, backend, status] = [read('tablet_id'), read('backend_id'), read('status')];
  for (const one of [tablet, backend]) {
    if (one && !/^\d+$/.test(one.value)) throw analysisErrorAt(one.span, `Invalid table id format '${one.value}'`);
  }
  const wanted = status?.value.toLowerCase();
  if (status && wanted !== 'bad' && wanted !== 'ok')
    throw analysisErrorAt(status.span, `Invalid replica status value '${status.value}'`);
  if (!tablet || !backend || !status)
    throw analysisErrorAt(last, "Missing necessary properties 'TABLET_ID, BACKEND_ID and STATUS'");
  return { tabletId: tablet.value, backendId: backend.value, status: wanted };
}

type Chosen = { table: TableName; partitions: string[] | null; span: Span; kindOfTable: string };

function chosenPartitions(fe: FrontendContext, session: Session, asked: Chosen): Partition[] {
  if (asked.table.db === null && session.db === null) throw analysisErrorAt(asked.span, 'No database selected');
  const table = findReplicaTable(fe, session, asked.table);
  if (!table) throw analysisError(missingTable(asked.kindOfTable, asked.table.name));
  const missing = missingPartition(fe, table, asked.partitions);
  if (missing !== undefined) throw analysisError(`Partition does not exist: ${missing}`);
  const { partitions } = asked;
  return partitionsOf(fe.group.state, table.id).filter((one) => partitions === null || partitions.includes(one.name));
}

function missingTable(kind: string, name: string): string {
  return `Table does not exist or is not ${kind}: ${name}`;
}

function missingPartition(fe: FrontendContext, table: Table, wanted: string[] | null): string | undefined {
  const all = partitionsOf(fe.group.state, table.id);
  return wanted?.find((name) => !all.some((one) => one.name === name));
}

/** These statements have a sentence of their own for a database that is not there, with the letters as they are. */
function findReplicaTable(fe: FrontendContext, session: Session, { db: name, name: table }: TableName): Table | null {
  const wanted = name ?? session.db ?? '';
  const db = findDatabase(fe.group.state, wanted);
  if (!db) throw analysisError(`Database ${wanted} does not exsit`);
  return findTable(fe.group.state, db.id, table);
}

function replicaStatus(fe: FrontendContext, partition: Partition, replica: Replica): string {
  const worker = fe.group.state.workers.get(String(replica.backendId));
  if (!worker?.alive || replica.bad) return 'DEAD';
  return replica.version < partition.visibleVersion ? 'VERSION_ERROR' : 'OK';
}
