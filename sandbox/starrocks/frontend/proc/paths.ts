import { type RowSet, textRows } from '../../mysql/packets.ts';
import { analysisError } from '../../sql/errors.ts';
import type { FrontendContext } from '../context.ts';
import { tablesOf } from '../data/tables.ts';
import { routineLoadRows } from '../routine-load/rows.ts';
import { runningTransactions } from '../transactions.ts';
import { balanceRows } from './balance.ts';
import { statisticRows, unhealthyRows } from './health.ts';
import { backendRows, computeNodeRows, diskRows, frontendRows } from './nodes.ts';
import { quietRows } from './quiet-paths.ts';
import { transactionRows } from './transactions.ts';

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
  if (path === '') throw analysisError('Path is null');
  const bare = path.replace(/^\//, '');
  const [root = '', id, extra] = bare.split('/');
  const isKnown = path.startsWith('/') && (root === '' || rootNames(fe).includes(root));
  const isOfDatabase = root === 'jobs' || root === 'transactions';
  const exists = !isOfDatabase || id === undefined || fe.group.state.databases.has(id);
  const found =
    isKnown && exists
      ? (balanceRows(fe, bare) ??
        transactionRows(fe, bare) ??
        quietRows(bare) ??
        (extra === undefined ? rowsOf(fe, root, id) : null))
      : null;
  if (found) return found;
  if (isKnown && root === 'cluster_balance' && extra === undefined) throw analysisError(`invalid type: ${id}`);
  if (isKnown && root === 'transactions' && !exists)
    throw analysisError(`databaseTransactionMgr[${id}] does not exist`);
  const reason = fe.release.atLeast(3, 5) ? `. msg: ${reasonFor(path, isKnown)}` : '';
  throw analysisError(`Unknown proc node path: ${path}${reason}`);
}

/** The words of the directory that was asked for something it does not have. */
function reasonFor(path: string, isKnown: boolean): string {
  const [, root = '', id, kind] = path.split('/');
  if (!path.startsWith('/')) return `Path(${path}) does not start with '/'`;
  if (id === undefined || !isKnown) return `Cannot find path: ${path}`;
  if (id === '') return `${path} is not a directory`;
  if (root === 'backends') {
    return /^\d+$/.test(id) ? `Backend[${id}] does not exist.` : `Invalid backend id format: ${id}`;
  }
  if (root === 'dbs') return `Unknown database id or name "${id}"`;
  if (root === 'statistic') return `Invalid db id: ${id}`;
  if (root !== 'jobs') return `Cannot find path: ${path}`;
  return kind === undefined ? `Database[${id}] does not exist.` : `Invalid job type: ${kind}`;
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
  switch (root) {
    case 'frontends':
      return id === undefined ? frontendRows(fe) : null;
    case 'backends': {
      const worker = id === undefined ? null : (state.workers.get(id) ?? null);
      return id === undefined ? backendRows(fe) : worker && diskRows(fe, worker);
    }
    case 'compute_nodes':
      return id === undefined ? computeNodeRows(fe) : null;
    case 'dbs':
      return id === undefined ? databaseRows(fe) : db && tableRows(fe, db.id);
    case 'statistic':
      return id === undefined ? statisticRows(fe) : db && unhealthyRows(fe, db.id);
    case 'jobs':
      return id === undefined ? databaseList(fe) : db && jobRows();
    case 'transactions':
      return id === undefined
        ? databaseList(fe)
        : db &&
            textRows(
              ['State', 'Number'],
              [
                ['running', String(runningTransactions(fe, db).length)],
                ['finished', String(fe.metrics.transactionsDone)],
              ],
            );
    case 'tasks':
      return id === undefined ? textRows(['TaskType', 'FailedNum', 'TotalNum'], [['Total', '0', '0']]) : null;
    case 'routine_loads':
      return id === undefined ? routineLoadRows(fe) : null;
    case 'brokers':
      return brokerRows(fe);
    case 'current_queries':
    case 'global_current_queries':
      return queryRows(fe);
    default:
      return null;
  }
}

function rootNames(fe: FrontendContext): string[] {
  const newer = fe.release.atLeast(3, 3) ? [...roots, 'global_current_queries'] : roots;
  return fe.release.atLeast(3, 5) ? [...newer, 'historical_nodes'] : newer;
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
    'LastConsistencyCheckTime',
    'ReplicaCount',
    'PartitionType',
    'StoragePath',
  ];
  const rows = tablesOf(state, dbId).map((table) => {
    const partitions = [...state.partitions.values()].filter(({ tableId }) => tableId === table.id);
    const replicas = partitions
      .flatMap(({ tablets }) => tablets)
      .reduce((sum, tablet) => sum + tablet.replicas.length, 0);
    return [
      ...[String(table.id), table.name, '1', table.partitionColumn ?? '', String(partitions.length), table.state],
      ...['OLAP', null, String(replicas), table.partitionColumn === null ? 'UNPARTITIONED' : 'RANGE', null],
    ];
  });
  return textRows(columns, rows);
}

/** None of them exists here, and backups are not among them: SHOW BACKUP tells about those. */
function jobRows(): RowSet {
  const rows = ['load', 'rollup', 'schema_change', 'export'].map((kind) => [kind, '0', '0', '0', '0', '0']);
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
