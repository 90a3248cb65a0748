import { type RowSet, textRows } from '../../mysql/packets.ts';
import { analysisError } from '../../sql/errors.ts';
import type { FrontendContext } from '../context.ts';
import { tablesOf } from '../data/tables.ts';
import { statisticRows, unhealthyRows } from './health.ts';
import { backendRows, computeNodeRows, diskRows, frontendRows } from './nodes.ts';

const roots = (
  'backends compute_nodes dbs jobs statistic tasks frontends brokers resources load_error_hub transactions monitor ' +
  'current_queries current_backend_instances cluster_balance routine_loads stream_loads colocation_group catalog ' +
  'compactions warehouses meta_recovery replications'
).split(' ');
const onlyOnLeader = ['cluster_balance', 'routine_loads', 'transactions', 'compactions', 'replications'];

/** The paths whose facts only the leader has, so that a follower passes them on. */
export function isLeaderPath(path: string): boolean {
  return onlyOnLeader.includes(path.split('/')[1] ?? '');
}

export function procRows(fe: FrontendContext, path: string): RowSet {
  const [, root = '', id, extra] = path.replace(/\/+$/, '').split('/');
  const found = extra === undefined && path.startsWith('/') ? rowsOf(fe, root, id) : null;
  if (found) return found;
  throw analysisError(
    `Unknown proc node path: ${path}${fe.release.atLeast(3, 5) ? `. msg: Cannot find path: ${path}` : ''}`,
  );
}

function rowsOf(fe: FrontendContext, root: string, id: string | undefined): RowSet | null {
  const state = fe.group.state;
  if (root === '')
    return textRows(
      ['name'],
      rootNames(fe).map((name) => [name]),
    );
  if (!rootNames(fe).includes(root)) return null;
  const db = id === undefined ? null : (state.databases.get(id) ?? null);
  const known = id === undefined || db !== null;
  switch (root) {
    case 'frontends':
      return id === undefined ? frontendRows(fe) : null;
    case 'backends': {
      const worker = id === undefined ? null : (state.workers.get(id) ?? null);
      return id === undefined ? backendRows(fe) : worker && diskRows(worker);
    }
    case 'compute_nodes':
      return id === undefined ? computeNodeRows(fe) : null;
    case 'dbs':
      return id === undefined ? databaseRows(fe) : db && tableRows(fe, db.id);
    case 'statistic':
      return id === undefined ? statisticRows(fe) : db && unhealthyRows(fe, db.id);
    case 'cluster_balance':
      return id === undefined ? balanceRows(fe) : null;
    case 'jobs':
      return id === undefined ? databaseList(fe) : db && jobRows(fe, db.id);
    case 'transactions':
      return id === undefined
        ? databaseList(fe)
        : db &&
            textRows(
              ['State', 'Number'],
              [
                ['running', '0'],
                ['finished', String(fe.metrics.transactionsDone)],
              ],
            );
    case 'tasks':
      return textRows(['TaskType', 'FailedNum', 'TotalNum'], [['Total', '0', '0']]);
    case 'brokers':
      return brokerRows(fe);
    case 'current_queries':
    case 'global_current_queries':
      return queryRows(fe);
    case 'colocation_group':
      return textRows(
        ['GroupId', 'GroupName', 'TableIds', 'TableNames', 'BucketsNum', 'ReplicationNum', 'DistCols', 'IsStable'],
        [],
      );
    case 'compactions':
      return textRows(['Partition', 'TxnID', 'StartTime', 'CommitTime', 'FinishTime', 'Error', 'Profile'], []);
    case 'replications':
      return textRows(
        ['JobID', 'DatabaseID', 'TableID', 'TxnID', 'CreatedTime', 'FinishedTime', 'State', 'Progress', 'Error'],
        [],
      );
    default:
      return known ? textRows(['Name'], []) : null;
  }
}

function rootNames(fe: FrontendContext): string[] {
  return fe.release.atLeast(3, 3) ? [...roots, 'global_current_queries'] : roots;
}

function databaseList(fe: FrontendContext): RowSet {
  return textRows(
    ['DbId', 'DbName'],
    [...fe.group.state.databases.values()].map((db) => [String(db.id), db.name]),
  );
}

function databaseRows(fe: FrontendContext): RowSet {
  const { state } = fe.group;
  const columns = ['DbId', 'DbName', 'TableNum', 'Quota', 'LastConsistencyCheckTime', 'ReplicaQuota'];
  const rows = [...state.databases.values()].map((db) => [
    String(db.id),
    db.name,
    String(tablesOf(state, db.id).length),
    '8388608.000 TB',
    null,
    '9223372036854775807',
  ]);
  return textRows(columns, rows);
}

function tableRows(fe: FrontendContext, dbId: number): RowSet {
  const { state } = fe.group;
  const columns = [
    'TableId',
    'TableName',
    'IndexNum',
    'PartitionColumnName',
    'PartitionNum',
    'State',
    'Type',
    'ReplicaCount',
  ];
  const rows = tablesOf(state, dbId).map((table) => {
    const partitions = [...state.partitions.values()].filter(({ tableId }) => tableId === table.id);
    const replicas = partitions
      .flatMap(({ tablets }) => tablets)
      .reduce((sum, tablet) => sum + tablet.replicas.length, 0);
    return [
      ...[String(table.id), table.name, '1', table.partitionColumn, String(partitions.length), table.state, 'OLAP'],
      String(replicas),
    ];
  });
  return textRows(columns, rows);
}

function balanceRows(fe: FrontendContext): RowSet {
  const pending = fe.pendingTablets.size;
  const items: [string, number][] = [
    ['cluster_load_stat', 1],
    ['working_slots', fe.group.state.workers.size],
    ['sched_stat', 1],
    ['priority_repair', 0],
    ['pending_tablets', pending],
    ['running_tablets', 0],
    ['history_tablets', fe.movedTablets.length],
    ['all_tablets', pending + fe.movedTablets.length],
  ];
  return textRows(
    ['Item', 'Number'],
    items.map(([item, number]) => [item, String(number)]),
  );
}

function jobRows(fe: FrontendContext, dbId: number): RowSet {
  const job = fe.group.state.jobs.get(String(dbId)) ?? null;
  const row = (kind: 'BACKUP' | 'RESTORE') => {
    const state = job?.kind === kind ? job.state : null;
    const done = state === 'FINISHED' || state === 'CANCELLED';
    const figures = [
      state === 'PENDING',
      state !== null && state !== 'PENDING' && !done,
      state === 'FINISHED',
      state === 'CANCELLED',
    ];
    return [kind.toLowerCase(), ...figures.map((is) => (is ? '1' : '0')), state === null ? '0' : '1'];
  };
  const rows = [
    ['load', '0', '0', '0', '0', '0'],
    ['schema_change', '0', '0', '0', '0', '0'],
    row('BACKUP'),
    row('RESTORE'),
  ];
  return textRows(['JobType', 'Pending', 'Running', 'Finished', 'Cancelled', 'Total'], rows);
}

export function brokerRows(fe: FrontendContext): RowSet {
  const rows = [...fe.group.state.brokers.values()].map(({ name, host, port }) => [
    name,
    host,
    String(port),
    'false',
    null,
    null,
    '',
  ]);
  return textRows(['Name', 'IP', 'Port', 'Alive', 'LastStartTime', 'LastUpdateTime', 'ErrMsg'], rows);
}

function queryRows(fe: FrontendContext): RowSet {
  const { release } = fe;
  const newer = release.atLeast(3, 3);
  const progress = release.atLeast(3, 5);
  const columns = [
    ...[
      'StartTime',
      ...(newer ? ['feIp'] : []),
      'QueryId',
      'ConnectionId',
      'Database',
      'User',
      'ScanBytes',
      'ScanRows',
    ],
    ...['MemoryUsage', 'DiskSpillSize', 'CPUTime', 'ExecTime', ...(progress ? ['ExecProgress'] : []), 'Warehouse'],
    ...(newer ? ['CustomQueryId', 'ResourceGroup'] : []),
  ];
  return textRows(columns, []);
}
