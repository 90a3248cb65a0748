import type { Cell } from '../../mysql/packets.ts';
import { formatTime } from '../../pace.ts';
import { unknownTable } from '../../sql/errors.ts';
import { canSeeDatabase } from '../access.ts';
import { physicalIdOf } from '../backup/manifest.ts';
import type { FrontendContext } from '../context.ts';
import { partitionsOf } from '../data/placement.ts';
import type { Partition, Table, TableColumn } from '../meta/state.ts';
import { scheduleCells } from '../proc/balance.ts';
import type { Session } from '../session.ts';
import { clusterSnapshotViews } from '../shared-data/views.ts';
import { recordedColumns } from './recorded-columns.ts';
import type { Source } from './source.ts';

type Visible = { db: string; table: Table };
/** Whether a statement reads this column; the others need not be filled. */
export type Asked = (column: string) => boolean;
type View = {
  columns: (string | { name: string; type: string })[];
  rows: (fe: FrontendContext, tables: Visible[], asked: Asked) => Cell[][];
};

const keyModels = { DUPLICATE: 'DUP_KEYS', PRIMARY: 'PRIMARY_KEYS', UNIQUE: 'UNIQUE_KEYS' };
const numeric = /^(TABLE_ID|PARTITION_ID|.*VERSION|TABLET_ID|BE_ID|NUM_ROW)$/;

const views: Record<string, View> = {
  schemata: {
    columns: ['CATALOG_NAME', 'SCHEMA_NAME', 'DEFAULT_CHARACTER_SET_NAME', 'DEFAULT_COLLATION_NAME', 'SQL_PATH'],
    rows: (fe) =>
      [...fe.group.state.databases.values()].map(({ name }) => ['def', name, 'utf8', 'utf8_general_ci', null]),
  },
  tables: {
    columns: columnsOf('tables'),
    rows: (fe, tables) =>
      inOrder('tables', tables, ({ db, table }) => [tableRow(db, table, partitionsOf(fe.group.state, table.id))]),
  },
  columns: {
    columns: columnsOf('columns'),
    rows: (_fe, tables) =>
      inOrder('columns', tables, ({ db, table }) =>
        table.columns.map((column, at) => columnRow(db, table, column, at)),
      ),
  },
  tables_config: {
    columns: columnsOf('tables_config'),
    rows: (_fe, tables) => [
      ...systemRows(),
      ...inOrder('tables_config', tables, ({ db, table }) => [configRow(db, table)]),
    ],
  },
  partitions_meta: {
    columns: columnsOf('partitions_meta'),
    rows: (fe, tables, asked) => {
      const cells = columnsOf('partitions_meta').map(({ name }) => (asked(name) ? partitionCells[name] : undefined));
      return tables.flatMap(({ db, table }) =>
        partitionsOf(fe.group.state, table.id).map((one) => cells.map((cell) => cell?.(db, table, one) ?? null)),
      );
    },
  },
  views: {
    columns: columnsOf('views'),
    rows: (_fe, tables) =>
      inOrder('views', tables, ({ db, table }) => (table.view?.kind === 'VIEW' ? [viewRow(db, table)] : [])),
  },
  materialized_views: {
    columns: columnsOf('materialized_views'),
    rows: (_fe, tables) =>
      inOrder('materialized_views', tables, ({ db, table }) =>
        table.view?.kind === 'MATERIALIZED VIEW' ? [materializedRow(db, table)] : [],
      ),
  },
  be_tablets: {
    columns: ['BE_ID', 'TABLE_ID', 'PARTITION_ID', 'TABLET_ID', 'MAX_VERSION', 'NUM_ROW', 'STATE'],
    rows: (fe) =>
      [...fe.group.state.partitions.values()].flatMap((partition) =>
        partition.tablets.flatMap(({ id, replicas }) =>
          replicas.map(({ backendId, version }) => [
            ...[backendId, partition.tableId, physicalIdOf(partition), id, version].map(String),
            String(Math.round(partition.rowCount / partition.tablets.length)),
            'RUNNING',
          ]),
        ),
      ),
  },
  fe_tablet_schedules: {
    columns: [
      'TABLE_ID',
      'PARTITION_ID',
      'TABLET_ID',
      'TYPE',
      'PRIORITY',
      'STATE',
      'TABLET_STATUS',
      'CREATE_TIME',
      'SCHEDULE_TIME',
      'FINISH_TIME',
      'CLONE_SRC',
      'CLONE_DEST',
      'CLONE_BYTES',
      'CLONE_DURATION',
      'MSG',
    ],
    rows: (fe) => scheduleCells(fe),
  },
};

/** A table of information_schema as rows; there are no backends, frontends or audit_log among them. */
export function informationSchema(
  fe: FrontendContext,
  session: Session,
  name: string,
  asked: Asked = () => true,
): Source {
  const known = fe.release.atLeast(3, 4) ? { ...views, ...clusterSnapshotViews } : views;
  const view = new Map<string, View>(Object.entries(known)).get(name);
  if (!view) throw unknownTable(fe.release, fe.release.atLeast(3, 3) ? `information_schema.${name}` : name);
  const { state } = fe.group;
  const tables = [...state.tables.values()].flatMap((table) => {
    const db = state.databases.get(String(table.dbId));
    return db && canSeeDatabase(state, session, db.name) ? [{ db: db.name, table }] : [];
  });
  const columns = view.columns.map((column) =>
    typeof column === 'string' ? { name: column, type: numeric.test(column) ? 'bigint' : 'varchar(2048)' } : column,
  );
  return { columns, rows: view.rows(fe, tables, asked) };
}

/** A row by the names of its columns; what is not named is NULL. */
type NamedRow = Readonly<Record<string, Cell>>;

function inOrder(name: keyof typeof recordedColumns, tables: Visible[], rows: (one: Visible) => NamedRow[]): Cell[][] {
  const names = columnsOf(name).map((column) => column.name);
  return tables.flatMap((one) => rows(one).map((row) => names.map((column) => row[column] ?? null)));
}

function columnsOf(name: keyof typeof recordedColumns): { name: string; type: string }[] {
  return recordedColumns[name]
    .trim()
    .split(/\s*\n\s*/)
    .map((line) => {
      const [column = '', type = ''] = line.split(' ');
      return { name: column, type };
    });
}

function tableRow(db: string, table: Table, partitions: Partition[]): NamedRow {
  const rows = partitions.reduce((sum, partition) => sum + partition.rowCount, 0);
  const bytes = partitions.reduce((sum, partition) => sum + partition.dataBytes, 0);
  const created = formatTime(table.createdAt);
  return {
    TABLE_CATALOG: 'def',
    TABLE_SCHEMA: db,
    TABLE_NAME: table.name,
    TABLE_TYPE: table.view ? 'VIEW' : 'BASE TABLE',
    ENGINE: table.view?.kind === 'VIEW' ? '' : 'StarRocks',
    ROW_FORMAT: '',
    TABLE_ROWS: String(rows),
    AVG_ROW_LENGTH: rows === 0 ? '0' : String(Math.round(bytes / rows)),
    DATA_LENGTH: String(bytes),
    CREATE_TIME: created,
    UPDATE_TIME: created,
    TABLE_COLLATION: 'utf8_general_ci',
    CREATE_OPTIONS: '',
    TABLE_COMMENT: table.comment,
  };
}

function columnRow(
  db: string,
  table: Table,
  { name, type, nullable, fallback, key }: TableColumn,
  at: number,
): NamedRow {
  return {
    TABLE_CATALOG: 'def',
    TABLE_SCHEMA: db,
    TABLE_NAME: table.name,
    COLUMN_NAME: name,
    ORDINAL_POSITION: String(at + 1),
    COLUMN_DEFAULT: fallback,
    IS_NULLABLE: nullable ? 'YES' : 'NO',
    DATA_TYPE: type.replace(/\(.*/, ''),
    COLUMN_TYPE: type,
    COLUMN_KEY: key ? keyModels[table.keyType].slice(0, 3) : '',
    EXTRA: '',
    COLUMN_COMMENT: '',
  };
}

function viewRow(db: string, table: Table): NamedRow {
  return {
    TABLE_CATALOG: 'def',
    TABLE_SCHEMA: db,
    TABLE_NAME: table.name,
    VIEW_DEFINITION: table.view?.definition ?? '',
    CHECK_OPTION: 'NONE',
    IS_UPDATABLE: 'NO',
    SECURITY_TYPE: 'NONE',
    CHARACTER_SET_CLIENT: 'utf8',
    COLLATION_CONNECTION: 'utf8_general_ci',
  };
}

function materializedRow(db: string, table: Table): NamedRow {
  return {
    MATERIALIZED_VIEW_ID: String(table.id),
    TABLE_SCHEMA: db,
    TABLE_NAME: table.name,
    REFRESH_TYPE: 'MANUAL',
    IS_ACTIVE: 'true',
    INACTIVE_REASON: '',
    PARTITION_TYPE: 'UNPARTITIONED',
    TASK_ID: '0',
    TABLE_ROWS: '0',
    MATERIALIZED_VIEW_DEFINITION: table.view?.definition ?? '',
    CREATOR: "'root'@'%'",
  };
}

/** Their own tables stand there too, with nothing to say of replicas. */
function systemRows(): Cell[][] {
  return Object.entries(systemTables).flatMap(([db, names], at) =>
    names.map((name, index) => [db, name, 'SCHEMA', '', '', '', '', '', '0', '', '', String(at * 100 + index + 1)]),
  );
}

const systemTables = {
  information_schema: (
    'analyze_status applicable_roles be_bvars be_cloud_native_compactions be_compactions be_configs ' +
    'be_datacache_metrics be_logs be_metrics be_tablets be_threads be_txns character_sets ' +
    'cluster_snapshot_jobs cluster_snapshots collations column_privileges column_stats_usage columns ' +
    'engines events fe_metrics fe_tablet_schedules global_variables key_column_usage keywords ' +
    'load_tracking_logs loads materialized_views partitions partitions_meta pipe_files pipes ' +
    'referential_constraints routine_load_jobs routines schema_privileges schemata session_variables ' +
    'statistics stream_loads table_constraints table_privileges tables tables_config task_runs tasks ' +
    'temp_tables triggers user_privileges verbose_session_variables views warehouse_metrics ' +
    'warehouse_queries'
  ).split(' '),
  sys: ['fe_locks', 'fe_memory_usage', 'grants_to_roles', 'grants_to_users', 'object_dependencies', 'role_edges'],
};

function configRow(db: string, table: Table): NamedRow {
  const quoted = (names: string[]) => names.map((name) => `\`${name}\``).join(', ');
  if (table.view?.kind === 'VIEW')
    return { ...noConfig, TABLE_SCHEMA: db, TABLE_NAME: table.name, TABLE_ENGINE: 'VIEW' };
  return {
    TABLE_SCHEMA: db,
    TABLE_NAME: table.name,
    TABLE_ENGINE: table.view ? 'MATERIALIZED_VIEW' : 'OLAP',
    TABLE_MODEL: keyModels[table.keyType],
    PRIMARY_KEY: table.keyType === 'PRIMARY' ? quoted(table.keys) : '',
    PARTITION_KEY: table.partitionColumn === null ? '' : quoted([table.partitionColumn]),
    DISTRIBUTE_KEY: quoted(table.distribution.columns),
    DISTRIBUTE_TYPE: 'HASH',
    DISTRIBUTE_BUCKET: String(table.distribution.buckets),
    SORT_KEY: quoted(table.keys),
    PROPERTIES: JSON.stringify({
      ...{ replication_num: String(table.replicationNum), compression: 'LZ4' },
      ...(table.dynamicPartitions === undefined ? {} : { 'dynamic_partition.enable': table.dynamicPartitions }),
    }),
    TABLE_ID: String(table.id),
  };
}

const noConfig = {
  ...{ TABLE_MODEL: '', PRIMARY_KEY: '', PARTITION_KEY: '', DISTRIBUTE_KEY: '', DISTRIBUTE_TYPE: '' },
  ...{ DISTRIBUTE_BUCKET: '0', SORT_KEY: '', PROPERTIES: '' },
};

/** By column and only those that are asked for: a large cluster has a hundred thousand partitions. */
const partitionCells: Readonly<Record<string, (db: string, table: Table, one: Partition) => Cell>> = {
  DB_NAME: (db) => db,
  TABLE_NAME: (_db, table) => table.name,
  PARTITION_NAME: (_db, _table, one) => one.name,
  PARTITION_ID: (_db, _table, one) => String(physicalIdOf(one)),
  COMPACT_VERSION: () => '0',
  VISIBLE_VERSION: (_db, _table, one) => String(one.visibleVersion),
  VISIBLE_VERSION_TIME: (_db, _table, one) => formatTime(one.visibleAt),
  NEXT_VERSION: (_db, _table, one) => String(one.visibleVersion + 1),
  DATA_VERSION: (_db, _table, one) => String(one.visibleVersion),
  VERSION_EPOCH: () => '457043326867079168',
  VERSION_TXN_TYPE: () => 'TXN_NORMAL',
  PARTITION_KEY: (_db, table) => table.partitionColumn ?? '',
  PARTITION_VALUE: (_db, table, one) => (table.partitionColumn === null ? '' : rangeOf(one)),
  DISTRIBUTION_KEY: (_db, table) => table.distribution.columns.join(', '),
  BUCKETS: (_db, _table, one) => String(one.tablets.length),
  REPLICATION_NUM: (_db, _table, one) => String(one.replicationNum),
  STORAGE_MEDIUM: () => 'HDD',
  COOLDOWN_TIME: () => '9999-12-31 23:59:59',
  IS_IN_MEMORY: () => '0',
  IS_TEMP: (_db, _table, one) => (one.temporary ? '1' : '0'),
  DATA_SIZE: (_db, _table, one) => `${one.dataBytes}B`,
  ROW_COUNT: (_db, _table, one) => String(one.rowCount),
  ENABLE_DATACACHE: () => '0',
  AVG_CS: () => '0',
  P50_CS: () => '0',
  MAX_CS: () => '0',
  STORAGE_PATH: () => '',
  STORAGE_SIZE: (_db, _table, one) => String(one.dataBytes),
  METADATA_SWITCH_VERSION: () => '0',
};

function rangeOf({ lower, upper }: Partition): string {
  return `[types: [...]; keys: [${lower ?? 'MIN'}]; ..keys: [${upper ?? 'MAX'}]; )`;
}
