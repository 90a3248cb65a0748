import { done, textRows } from '../../mysql/packets.ts';
import type { TableName } from '../../sql/ast.ts';
import { analysisError } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { partitionsOf } from '../data/placement.ts';
import { requireTable } from '../data/tables.ts';
import { formatPercent } from '../format.ts';
import { type Handlers, locally, onLeader } from '../handlers.ts';
import { change, type Partition, type Replica } from '../meta/state.ts';
import type { Session } from '../session.ts';

type Kinds = 'showReplicaStatus' | 'showReplicaDistribution' | 'setReplicaStatus' | 'repairTable' | 'checkTablets';

export const replicaHandlers: Handlers<Kinds> = {
  showReplicaStatus: locally(({ statement, session, fe }) => {
    const partitions = chosenPartitions(fe, session, statement);
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
          ...[String(partition.schemaHash), String(one.version), String(one.bad), 'false', 'NORMAL'],
          replicaStatus(fe, partition, one),
        ]),
      ),
    );
    const { where } = statement;
    const shown = rows.filter((row) => !where || (row.at(-1) === where.status.toUpperCase()) === where.equal);
    return textRows(columns, shown);
  }),

  showReplicaDistribution: locally(({ statement, session, fe }) => {
    const partitions = chosenPartitions(fe, session, statement);
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
    const { tablet_id: tabletId, backend_id: backendId, status } = statement.properties;
    if (tabletId === undefined || backendId === undefined)
      throw analysisError('Should add following properties: TABLET_ID, BACKEND_ID and STATUS');
    if (status !== 'bad' && status !== 'ok') throw analysisError(`Do not support setting replica status as ${status}`);
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
    requireTable(fe, session, statement.table);
    return done();
  }),
  checkTablets: onLeader(({ session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['OPERATE'] });
    return done();
  }),
};

type Chosen = { table: TableName; partitions: string[] | null };

function chosenPartitions(fe: FrontendContext, session: Session, { table: name, partitions }: Chosen): Partition[] {
  requirePrivilege(fe, session, { privileges: ['OPERATE'] });
  const { table } = requireTable(fe, session, name);
  const all = partitionsOf(fe.group.state, table.id);
  const missing = partitions?.find((wanted) => !all.some((one) => one.name === wanted));
  if (missing !== undefined) throw analysisError(`Partition does not exist: ${missing}`);
  return all.filter((one) => partitions === null || partitions.includes(one.name));
}

function replicaStatus(fe: FrontendContext, partition: Partition, replica: Replica): string {
  const worker = fe.group.state.workers.get(String(replica.backendId));
  if (!worker?.alive) return 'DEAD';
  if (replica.bad) return 'BAD';
  return replica.version < partition.visibleVersion ? 'VERSION_ERROR' : 'OK';
}
