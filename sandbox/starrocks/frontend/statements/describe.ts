import { type Cell, textRows } from '../../mysql/packets.ts';
import { formatTime } from '../../pace.ts';
import { analysisError } from '../../sql/errors.ts';
import { canSeeDatabase, requirePrivilege } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { workerOf } from '../data/backends.ts';
import { partitionsOf } from '../data/placement.ts';
import { currentDatabase, findTable, requireTable, tablesOf } from '../data/tables.ts';
import { formatBytes, isLike } from '../format.ts';
import { type Handlers, locally } from '../handlers.ts';
import type { Partition, Replica, Table } from '../meta/state.ts';
import { informationSchema } from '../query/information-schema.ts';

type Kinds = 'showTables' | 'showColumns' | 'showCreateTable' | 'showPartitions' | 'showTablet';

/** Statements that describe tables; a follower answers them from its own copy of the metadata. */
export const describeHandlers: Handlers<Kinds> = {
  showTables: locally(({ statement, session, fe }) => {
    const db = currentDatabase(fe, session, statement.db);
    // A database that is hidden from somebody looks empty to him.
    const visible = canSeeDatabase(fe.group.state, session, db.name);
    const shown = (visible ? tablesOf(fe.group.state, db.id) : [])
      .filter(({ name }) => statement.pattern === null || isLike(name, statement.pattern))
      .map(({ name, view }) => [name, view ? 'VIEW' : 'BASE TABLE'])
      .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
    if (statement.full) return textRows([`Tables_in_${db.name}`, 'Table_type'], shown);
    return textRows(
      [`Tables_in_${db.name}`],
      shown.map(([name = '']) => [name]),
    );
  }),

  showColumns: locally(({ statement, session, fe }) => {
    const columns = ['Field', 'Type', 'Null', 'Key', 'Default', 'Extra'];
    if ((statement.table.db ?? session.db) === 'information_schema') {
      const view = informationSchema(fe, session, statement.table.name);
      return textRows(
        columns,
        view.columns.map(({ name, type }) => [name, type, 'YES', 'false', null, '']),
      );
    }
    const { table } = requireTable(fe, session, statement.table);
    const rows = table.columns.map(({ name, type, nullable, key, fallback }): Cell[] => {
      return [name, type, nullable ? 'YES' : 'NO', String(key), fallback, ''];
    });
    return textRows(columns, rows);
  }),

  showCreateTable: locally(({ statement, session, fe }) => {
    const here = currentDatabase(fe, session, statement.table.db);
    if (fe.release.atLeast(3, 5) && !findTable(fe.group.state, here.id, statement.table.name))
      throw analysisError(`Table ${statement.table.name} is not found`);
    const { table } = requireTable(fe, session, statement.table);
    if (table.view?.kind === 'VIEW') {
      const columns = ['View', 'Create View', 'character_set_client', 'collation_connection'];
      const names = table.columns.map(({ name }) => `\`${name}\``).join(', ');
      const text = `CREATE VIEW \`${table.name}\` (${names}) SECURITY NONE AS ${table.view.definition};`;
      return textRows(columns, [[table.name, text, 'utf8', 'utf8_general_ci']]);
    }
    const text = createTableText(table, partitionsOf(fe.group.state, table.id));
    return textRows(['Table', 'Create Table'], [[table.name, text]]);
  }),

  showPartitions: locally(({ statement, session, fe }) => {
    const { table } = requireTable(fe, session, statement.table);
    const columns = [
      ...[
        'PartitionId',
        'PartitionName',
        'VisibleVersion',
        'VisibleVersionTime',
        'VisibleVersionHash',
        'State',
        'PartitionKey',
      ],
      ...['Range', 'DistributionKey', 'Buckets', 'ReplicationNum', 'StorageMedium', 'CooldownTime'],
      ...['LastConsistencyCheckTime', 'DataSize', 'StorageSize', 'IsInMemory', 'RowCount', 'DataVersion'],
      ...['VersionEpoch', 'VersionTxnType'],
    ];
    return textRows(
      columns,
      partitionsOf(fe.group.state, table.id)
        .filter(({ temporary }) => !temporary)
        .map((one) => partitionRow(table, one)),
    );
  }),

  showTablet: locally(({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['OPERATE'] });
    const { state } = fe.group;
    if (typeof statement.target !== 'number') {
      const { table } = requireTable(fe, session, statement.target);
      const rows = partitionsOf(state, table.id).flatMap((partition) =>
        partition.tablets.flatMap(({ id, replicas }) =>
          replicas.map((one) => replicaRow(fe, { partition, tabletId: id, replica: one })),
        ),
      );
      return textRows(replicaColumns, rows);
    }
    const tabletId = statement.target;
    const partition = [...state.partitions.values()].find(({ tablets }) => tablets.some(({ id }) => id === tabletId));
    const table = state.tables.get(String(partition?.tableId));
    const db = state.databases.get(String(table?.dbId));
    const columns = [
      'DbName',
      'TableName',
      'PartitionName',
      'IndexName',
      'DbId',
      'TableId',
      'PartitionId',
      'IndexId',
      'IsSync',
      'DetailCmd',
    ];
    if (!partition || !table || !db) {
      const nowhere = `SHOW PROC '/dbs/-1/-1/partitions/-1/-1/${tabletId}';`;
      return textRows(columns, [[null, null, null, null, '-1', '-1', '-1', '-1', 'false', nowhere]]);
    }
    const path = `/dbs/${db.id}/${table.id}/partitions/${partition.id}/${partition.indexId}/${tabletId}`;
    const ids = [db.id, table.id, partition.id, partition.indexId].map(String);
    return textRows(columns, [
      [db.name, table.name, partition.name, table.name, ...ids, 'true', `SHOW PROC '${path}';`],
    ]);
  }),
};

const replicaColumns = [
  ...['TabletId', 'ReplicaId', 'BackendId', 'SchemaHash', 'Version', 'VersionHash', 'LstSuccessVersion'],
  ...['LstSuccessVersionHash', 'LstFailedVersion', 'LstFailedVersionHash', 'LstFailedTime', 'DataSize', 'RowCount'],
  ...['State', 'LstConsistencyCheckTime', 'CheckVersion', 'CheckVersionHash', 'VersionCount', 'PathHash', 'MetaUrl'],
  ...['CompactionStatus', 'DiskRootPath', 'IsConsistent', 'Checksum'],
];

type ReplicaPlace = { partition: Partition; tabletId: number; replica: Replica };

function replicaRow(fe: FrontendContext, { partition, tabletId, replica }: ReplicaPlace): Cell[] {
  const worker = workerOf(fe, replica.backendId);
  const disk = worker?.disks[0];
  const url = `http://${worker?.host}:${worker?.httpPort}/api`;
  const share = partition.tablets.length;
  return [
    ...[tabletId, replica.id, replica.backendId, partition.schemaHash, replica.version].map(String),
    ...['0', String(replica.version), '0', String(replica.lastFailedVersion), '0', null],
    ...[plainBytes(Math.round(partition.dataBytes / share)), String(Math.round(partition.rowCount / share)), 'NORMAL'],
    ...[null, '-1', '0', '1', disk?.pathHash ?? '-1', `${url}/meta/header/${tabletId}`],
    ...[`${url}/compaction/show?tablet_id=${tabletId}`, disk?.path ?? '', 'true', '-1'],
  ];
}

function plainBytes(bytes: number): string {
  return bytes === 0 ? '0B' : formatBytes(bytes, '');
}

function partitionRow(table: Table, one: Partition): Cell[] {
  const range = `[types: [...]; keys: [${one.lower ?? 'MIN'}]; ..types: [...]; keys: [${one.upper ?? 'MAX'}]; )`;
  return [
    ...[String(one.id), one.name, String(one.visibleVersion), formatTime(one.visibleAt), '0', table.state],
    ...[
      table.partitionColumn ?? '',
      table.partitionColumn === null ? '' : range,
      table.distribution.columns.join(', '),
    ],
    ...[String(one.tablets.length), String(one.replicationNum), 'HDD', '9999-12-31 23:59:59', null],
    ...[plainBytes(one.dataBytes), plainBytes(one.dataBytes), 'false', String(one.rowCount)],
    ...[String(one.visibleVersion), '457043326867079168', 'TXN_NORMAL'],
  ];
}

function createTableText(table: Table, partitions: Partition[]): string {
  const quoted = (names: string[]) => names.map((name) => `\`${name}\``).join(', ');
  const columns = table.columns.map(({ name, type, nullable, fallback }) => {
    const otherwise = fallback === null ? '' : ` DEFAULT "${fallback}"`;
    return `  \`${name}\` ${type} ${nullable ? 'NULL' : 'NOT NULL'}${otherwise} COMMENT ""`;
  });
  const ranges = partitions.map(({ name, lower, upper }) => {
    return `PARTITION ${name} VALUES [("${lower ?? '0000-01-01'}"), ${upper === null ? 'MAXVALUE' : `("${upper}")`})`;
  });
  return [
    `CREATE TABLE \`${table.name}\` (`,
    columns.join(',\n'),
    ') ENGINE=OLAP ',
    `${table.keyType} KEY(${quoted(table.keys)})`,
    ...(table.comment === '' ? [] : [`COMMENT "${table.comment}"`]),
    ...(table.partitionColumn === null
      ? []
      : [`PARTITION BY RANGE(\`${table.partitionColumn}\`)\n(${ranges.join(',\n')})`]),
    `DISTRIBUTED BY HASH(${quoted(table.distribution.columns)}) BUCKETS ${table.distribution.buckets} `,
    `PROPERTIES (\n"compression" = "LZ4",\n"replication_num" = "${table.replicationNum}"\n);`,
  ].join('\n');
}
