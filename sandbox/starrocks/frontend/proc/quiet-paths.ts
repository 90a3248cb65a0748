import { type Cell, type RowSet, textRows } from '../../mysql/packets.ts';

/** Paths under which this cluster never has anything, or always the same: a pattern, the columns, the rows. */
type QuietPath = { readonly path: RegExp; readonly columns: string; readonly rows?: Cell[][] };

export const transactionColumns =
  'TransactionId Label Coordinator TransactionStatus LoadJobSourceType PrepareTime CommitTime PublishTime FinishTime Reason ' +
  'ErrorReplicasCount ListenerId TimeoutMs ErrMsg';
const warehouse =
  'Id Name State NodeCount CurrentClusterCount MaxClusterCount StartedClusters RunningSql QueuedSql CreatedOn ResumedOn ' +
  'UpdatedOn Property Comment';
const load =
  'JobId Label State Progress Type Priority ScanRows FilteredRows UnselectedRows SinkRows EtlInfo TaskInfo ErrorMsg ' +
  'CreateTime EtlStartTime EtlFinishTime LoadStartTime LoadFinishTime TrackingSQL JobDetails Warehouse';
const rollup =
  'JobId TableName CreateTime FinishedTime BaseIndexName RollupIndexName RollupId TransactionId State Msg Progress Timeout';
const schemaChange =
  'JobId TableName CreateTime FinishTime IndexName IndexId OriginIndexId SchemaVersion TransactionId State Msg Progress ' +
  'Timeout';
const warehouseNote = 'An internal warehouse init after FE is ready';
const catalogNote = "An internal catalog contains this cluster's self-managed tables.";

const quietPaths: QuietPath[] = [
  { path: /^jobs\/\d+\/load$/, columns: load },
  { path: /^jobs\/\d+\/rollup$/, columns: rollup },
  { path: /^jobs\/\d+\/schema_change$/, columns: schemaChange },
  { path: /^jobs\/\d+\/delete$/, columns: 'TableName PartitionName CreateTime DeleteCondition State' },
  {
    path: /^jobs\/\d+\/export$/,
    columns: 'JobId QueryId State Progress TaskInfo Path CreateTime StartTime FinishTime Timeout ErrorMsg',
  },
  {
    path: /^jobs\/\d+\/optimize$/,
    columns: 'JobId TableName CreateTime FinishTime Operation TransactionId State Msg Progress Timeout',
  },
  { path: /^tasks\/[A-Z_]+$/, columns: 'BackendId FailedNum TotalNum' },
  { path: /^transactions\/\d+\/finished$/, columns: transactionColumns },
  { path: /^current_backend_instances$/, columns: 'Backend InstanceNum InstanceId ExecTime' },
  { path: /^stream_loads$/, columns: 'Label Id DbName TableName State' },
  { path: /^catalog$/, columns: 'Catalog Type Comment', rows: [['default_catalog', 'Internal', catalogNote]] },
  { path: /^resources$/, columns: 'Name ResourceType Key Value' },
  { path: /^load_error_hub$/, columns: 'Type Properties' },
  { path: /^monitor$/, columns: 'Name Info', rows: [['jvm', ' ']] },
  {
    path: /^warehouses$/,
    columns: warehouse,
    rows: [['0', 'default_warehouse', 'AVAILABLE', '0', '1', '1', '1', '0', '0', '', '', '', '', warehouseNote]],
  },
  { path: /^meta_recovery$/, columns: 'Database Table Partition PartitionId Reason Advise' },
  { path: /^historical_nodes$/, columns: 'Warehouse BackendIDs ComputeNodeIDs UpdateTime' },
  { path: /^colocation_group\/[\d.]+$/, columns: 'BucketIndex BackendIds' },
  { path: /^compactions$/, columns: 'Partition TxnID StartTime CommitTime FinishTime Error Profile' },
  {
    path: /^replications$/,
    columns: 'JobID DatabaseID TableID TxnID CreatedTime FinishedTime State Progress Error',
  },
];

/** `path` without its first slash; null when it is not one of them. */
export function quietRows(path: string): RowSet | null {
  const found = quietPaths.find((one) => one.path.test(path));
  return found ? textRows(found.columns.split(' '), found.rows ?? []) : null;
}
