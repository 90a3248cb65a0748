import { type Cell, textRows } from '../../mysql/packets.ts';
import { formatTime } from '../../pace.ts';
import { analysisError } from '../../sql/errors.ts';
import { hasPrivilege } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { partitionsOf } from '../data/placement.ts';
import { ordered } from '../data/row-order.ts';
import { currentDatabase, requireTable, tablesOf } from '../data/tables.ts';
import { formatBytes } from '../format.ts';
import { type Handlers, locally } from '../handlers.ts';
import type { LoadJob, Table } from '../meta/state.ts';
import type { Session } from '../session.ts';
import { storageVolumes } from '../shared-data/run-mode.ts';

type Kinds = 'showLoad' | 'showData' | 'showAlterTable' | 'showStorageVolumes' | 'showResourceGroups';

/** What people look at when something is slow or big. There are no schema changes or volumes here, and no loads but INSERT. */
export const workHandlers: Handlers<Kinds> = {
  showLoad: locally(({ statement, session, fe }) => {
    const db = statement.everywhere ? null : namedDatabase(fe, session, statement.db);
    const { where } = statement;
    const wanted = [...fe.group.state.loads.values()].filter((load) => {
      const fits = where === null || (where.word === 'STATE' ? load.state : load.label) === where.text;
      return fits && (db === null || load.dbId === db.id) && maySee(fe, session, load);
    });
    return ordered(textRows(loadColumns, wanted.map(loadCells)), statement.order);
  }),

  showData: locally(({ statement, session, fe }) => {
    if (statement.table !== null) {
      if (statement.table.db === null && session.db === null) namedDatabase(fe, session, null);
      const { table } = requireTable(fe, session, statement.table);
      const { bytes, replicas, rows } = sizeOf(fe, table);
      const size = formatBytes(bytes);
      return textRows(
        ['TableName', 'IndexName', 'Size', 'ReplicaCount', 'RowCount'],
        [
          [table.name, table.name, size, String(replicas), String(rows)],
          ['', 'Total', size, String(replicas), ''],
        ],
      );
    }
    const db = namedDatabase(fe, session, null);
    const sizes = tablesOf(fe.group.state, db.id).map((table) => ({ name: table.name, ...sizeOf(fe, table) }));
    const sum = (of: (one: (typeof sizes)[number]) => number) => sizes.reduce((total, one) => total + of(one), 0);
    const [bytes, replicas] = [sum((one) => one.bytes), sum((one) => one.replicas)];
    return textRows(
      ['TableName', 'Size', 'ReplicaCount'],
      [
        ...sizes.map((one) => [one.name, formatBytes(one.bytes), String(one.replicas)]),
        ['Total', formatBytes(bytes), String(replicas)],
        ['Quota', '8388608.000 TB', '9223372036854775807'],
        ['Left', '8388608.000 TB', String(9223372036854775807n - BigInt(replicas))],
      ],
    );
  }),

  showAlterTable: locally(({ statement, session, fe }) => {
    namedDatabase(fe, session, statement.db);
    return textRows(alterColumns[statement.what], []);
  }),

  showStorageVolumes: locally(({ fe }) =>
    textRows(
      ['Storage Volume'],
      storageVolumes(fe).map((name) => [name]),
    ),
  ),
  /** Without ALL only the groups that would take the one who asks, and nobody is in one. */
  showResourceGroups: locally(({ statement }) => textRows(groupColumns, statement.all ? builtInGroups : [])),
};

/** Rows of loads into tables that the caller may not load into are left out without a word. */
function maySee(fe: FrontendContext, session: Session, { dbId, tableName }: LoadJob): boolean {
  const db = fe.group.state.databases.get(String(dbId))?.name;
  const object = { kind: 'TABLE', db: db ?? '', table: tableName } as const;
  return db !== undefined && hasPrivilege(fe.group.state, session, { privileges: ['INSERT'], object });
}

function loadCells(load: LoadJob): Cell[] {
  const [created, finished] = [formatTime(load.createdAt), formatTime(load.finishedAt)];
  const well = load.state === 'FINISHED';
  const loaded = { InternalTableLoadBytes: 0, InternalTableLoadRows: well ? load.rows : 0, ScanBytes: 0, ScanRows: 0 };
  const details = {
    'All backends': {},
    FileNumber: 0,
    FileSize: 0,
    ...loaded,
    TaskNumber: 1,
    'Unfinished backends': {},
  };
  return [
    ...[
      String(load.id),
      load.label,
      load.state,
      well ? 'ETL:100%; LOAD:100%' : 'ETL:N/A; LOAD:N/A',
      'INSERT',
      'NORMAL',
    ],
    ...['0', '0', '0', well ? String(load.rows) : '0', null],
    'resource:N/A; timeout(s):14400; max_filter_ratio:0.0',
    well ? null : `type:LOAD_RUN_FAIL; msg:${load.error}`,
    ...[created, created, created, created, finished, '', JSON.stringify(details), ''],
  ];
}

const loadColumns = [
  ...['JobId', 'Label', 'State', 'Progress', 'Type', 'Priority', 'ScanRows', 'FilteredRows', 'UnselectedRows'],
  ...['SinkRows', 'EtlInfo', 'TaskInfo', 'ErrorMsg', 'CreateTime', 'EtlStartTime', 'EtlFinishTime', 'LoadStartTime'],
  ...['LoadFinishTime', 'TrackingSQL', 'JobDetails', 'Warehouse'],
];
const alterColumns = {
  COLUMN: [
    ...['JobId', 'TableName', 'CreateTime', 'FinishTime', 'IndexName', 'IndexId', 'OriginIndexId', 'SchemaVersion'],
    ...['TransactionId', 'State', 'Msg', 'Progress', 'Timeout'],
  ],
  ROLLUP: [
    ...['JobId', 'TableName', 'CreateTime', 'FinishedTime', 'BaseIndexName', 'RollupIndexName', 'RollupId'],
    ...['TransactionId', 'State', 'Msg', 'Progress', 'Timeout'],
  ],
  OPTIMIZE: [
    ...['JobId', 'TableName', 'CreateTime', 'FinishTime', 'Operation', 'TransactionId', 'State', 'Msg', 'Progress'],
    'Timeout',
  ],
} as const;
const groupColumns = [
  ...['name', 'id', 'cpu_weight', 'exclusive_cpu_cores', 'mem_limit', 'big_query_cpu_second_limit'],
  ...['big_query_scan_rows_limit', 'big_query_mem_limit', 'concurrency_limit', 'spill_mem_limit_threshold'],
  'classifiers',
];
const builtInGroups = [
  ['default_mv_wg', '3', '1', '0', '80.0%', '0', '0', '0', 'null', '80%', '(id=0, weight=0.0)'],
  ['default_wg', '2', '16', '0', '100.0%', '0', '0', '0', 'null', '100%', '(id=0, weight=0.0)'],
];

/** These come to the analyzer without a database, which says so in its own way. */
function namedDatabase(fe: FrontendContext, session: Session, name: string | null) {
  if (name === null && session.db === null) throw analysisError('No database selected', 1046, '3D000');
  return currentDatabase(fe, session, name);
}

function sizeOf(fe: FrontendContext, table: Table) {
  const partitions = partitionsOf(fe.group.state, table.id);
  const replicas = partitions.flatMap(({ tablets }) => tablets.map((tablet) => tablet.replicas.length));
  return {
    bytes: partitions.reduce((sum, { dataBytes }) => sum + dataBytes, 0),
    rows: partitions.reduce((sum, { rowCount }) => sum + rowCount, 0),
    replicas: replicas.reduce((sum, count) => sum + count, 0),
  };
}
