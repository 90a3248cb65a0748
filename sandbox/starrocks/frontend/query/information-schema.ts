import type { Cell } from '../../mysql/packets.ts';
import { formatTime } from '../../pace.ts';
import { unknownTable } from '../../sql/errors.ts';
import { canSeeDatabase } from '../access.ts';
import { physicalIdOf } from '../backup/manifest.ts';
import type { FrontendContext } from '../context.ts';
import { partitionsOf } from '../data/placement.ts';
import type { Partition, Table } from '../meta/state.ts';
import type { Session } from '../session.ts';
import type { Source } from './source.ts';

type Visible = { db: string; table: Table };
type View = { columns: string[]; rows: (fe: FrontendContext, tables: Visible[]) => Cell[][] };

const keyModels = { DUPLICATE: 'DUP_KEYS', PRIMARY: 'PRIMARY_KEYS', UNIQUE: 'UNIQUE_KEYS' };
const numeric =
  /^(TABLE_ROWS|DATA_LENGTH|ORDINAL_POSITION|TABLE_ID|PARTITION_ID|.*VERSION|BUCKETS|REPLICATION_NUM|ROW_COUNT|TABLET_ID|BE_ID|NUM_ROW|DATA_SIZE_BYTES|DISTRIBUTE_BUCKET|IS_TEMP)$/;

const views: Record<string, View> = {
  schemata: {
    columns: ['CATALOG_NAME', 'SCHEMA_NAME', 'DEFAULT_CHARACTER_SET_NAME', 'DEFAULT_COLLATION_NAME', 'SQL_PATH'],
    rows: (fe) =>
      [...fe.group.state.databases.values()].map(({ name }) => ['def', name, 'utf8', 'utf8_general_ci', null]),
  },
  tables: {
    columns: [
      ...['TABLE_CATALOG', 'TABLE_SCHEMA', 'TABLE_NAME', 'TABLE_TYPE', 'ENGINE', 'VERSION', 'ROW_FORMAT', 'TABLE_ROWS'],
      ...[
        'AVG_ROW_LENGTH',
        'DATA_LENGTH',
        'MAX_DATA_LENGTH',
        'INDEX_LENGTH',
        'DATA_FREE',
        'AUTO_INCREMENT',
        'CREATE_TIME',
      ],
      ...['UPDATE_TIME', 'CHECK_TIME', 'TABLE_COLLATION', 'CHECKSUM', 'CREATE_OPTIONS', 'TABLE_COMMENT'],
    ],
    rows: (fe, tables) => tables.map(({ db, table }) => tableRow(db, table, partitionsOf(fe.group.state, table.id))),
  },
  columns: {
    columns: [
      'TABLE_CATALOG',
      'TABLE_SCHEMA',
      'TABLE_NAME',
      'COLUMN_NAME',
      'ORDINAL_POSITION',
      'COLUMN_DEFAULT',
      'IS_NULLABLE',
      'DATA_TYPE',
      'COLUMN_TYPE',
      'COLUMN_KEY',
    ],
    rows: (_fe, tables) =>
      tables.flatMap(({ db, table }) =>
        table.columns.map(({ name, type, nullable, fallback, key }, at) => [
          ...[
            'def',
            db,
            table.name,
            name,
            String(at + 1),
            fallback,
            nullable ? 'YES' : 'NO',
            type.replace(/\(.*/, ''),
            type,
          ],
          key ? keyModels[table.keyType].slice(0, 3) : '',
        ]),
      ),
  },
  tables_config: {
    columns: [
      ...[
        'TABLE_SCHEMA',
        'TABLE_NAME',
        'TABLE_ENGINE',
        'TABLE_MODEL',
        'PRIMARY_KEY',
        'PARTITION_KEY',
        'DISTRIBUTE_KEY',
      ],
      ...['DISTRIBUTE_TYPE', 'DISTRIBUTE_BUCKET', 'SORT_KEY', 'PROPERTIES', 'TABLE_ID'],
    ],
    rows: (_fe, tables) => [...systemRows(), ...tables.map(({ db, table }) => configRow(db, table))],
  },
  partitions_meta: {
    columns: [
      ...[
        'DB_NAME',
        'TABLE_NAME',
        'PARTITION_NAME',
        'PARTITION_ID',
        'COMPACT_VERSION',
        'VISIBLE_VERSION',
        'VISIBLE_VERSION_TIME',
      ],
      ...[
        'NEXT_VERSION',
        'PARTITION_KEY',
        'PARTITION_VALUE',
        'DISTRIBUTION_KEY',
        'BUCKETS',
        'REPLICATION_NUM',
        'STORAGE_MEDIUM',
      ],
      ...['IS_TEMP', 'DATA_SIZE', 'ROW_COUNT'],
    ],
    rows: (fe, tables) =>
      tables.flatMap(({ db, table }) =>
        partitionsOf(fe.group.state, table.id).map((one) => partitionRow(db, table, one)),
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
    rows: () => [],
  },
};

/** A table of information_schema as rows; there are no backends, frontends or audit_log among them. */
export function informationSchema(fe: FrontendContext, session: Session, name: string): Source {
  const view = Object.hasOwn(views, name) ? views[name] : undefined;
  if (!view) throw unknownTable(fe.release, fe.release.atLeast(3, 3) ? `information_schema.${name}` : name);
  const { state } = fe.group;
  const tables = [...state.tables.values()].flatMap((table) => {
    const db = state.databases.get(String(table.dbId));
    return db && canSeeDatabase(state, session, db.name) ? [{ db: db.name, table }] : [];
  });
  const columns = view.columns.map((column) => ({
    name: column,
    type: numeric.test(column) ? 'bigint' : 'varchar(2048)',
  }));
  return { columns, rows: view.rows(fe, tables) };
}

function tableRow(db: string, table: Table, partitions: Partition[]): Cell[] {
  const rows = partitions.reduce((sum, partition) => sum + partition.rowCount, 0);
  const bytes = partitions.reduce((sum, partition) => sum + partition.dataBytes, 0);
  const created = formatTime(table.createdAt);
  const average = rows === 0 ? '0' : String(Math.round(bytes / rows));
  return [
    ...[
      'def',
      db,
      table.name,
      'BASE TABLE',
      'StarRocks',
      null,
      '',
      String(rows),
      average,
      String(bytes),
      null,
      null,
      null,
      null,
    ],
    ...[created, created, null, 'utf8_general_ci', null, '', table.comment],
  ];
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

function configRow(db: string, table: Table): Cell[] {
  const quoted = (names: string[]) => names.map((name) => `\`${name}\``).join(', ');
  const properties = JSON.stringify({ replication_num: String(table.replicationNum), compression: 'LZ4' });
  return [
    ...[db, table.name, 'OLAP', keyModels[table.keyType], table.keyType === 'PRIMARY' ? quoted(table.keys) : ''],
    ...[
      table.partitionColumn === null ? '' : quoted([table.partitionColumn]),
      quoted(table.distribution.columns),
      'HASH',
    ],
    ...[String(table.distribution.buckets), quoted(table.keys), properties, String(table.id)],
  ];
}

function partitionRow(db: string, table: Table, one: Partition): Cell[] {
  const value =
    table.partitionColumn === null
      ? ''
      : `[types: [...]; keys: [${one.lower ?? 'MIN'}]; ..keys: [${one.upper ?? 'MAX'}]; )`;
  return [
    ...[
      db,
      table.name,
      one.name,
      String(physicalIdOf(one)),
      '0',
      String(one.visibleVersion),
      formatTime(one.visibleAt),
      String(one.visibleVersion + 1),
    ],
    ...[
      table.partitionColumn ?? '',
      value,
      table.distribution.columns.join(', '),
      String(one.tablets.length),
      String(one.replicationNum),
    ],
    ...['HDD', '0', `${one.dataBytes}B`, String(one.rowCount)],
  ];
}
