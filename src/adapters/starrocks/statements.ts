import type { BackupObject } from '../../domain/backup/content.ts';
import { isSystemDatabase } from '../../domain/system-databases.ts';
import { AppError } from '../../errors.ts';
import type { ReadStatement, Statement } from './port.ts';
import type { Property } from './repository-properties.ts';

const longestIdentifier = 1_024;
const longestLiteral = 65_535;

/**
 * A name, in backticks. StarRocks runs every statement that a text holds, so only this quoting keeps a name from ending
 * the statement.
 */
export function ident(name: string): string {
  refuseUnusable(name, { what: 'A name', longest: longestIdentifier });
  if (name === '') throw new AppError('INVALID_INPUT', 'A name cannot be empty');
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A text value, in single quotes. StarRocks always reads the backslash as an escape. */
export function literal(text: string): string {
  refuseUnusable(text, { what: 'A value', longest: longestLiteral });
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

export type TableName = { readonly database: string; readonly table: string };

/** Any frontend forwards this to the leader, and the next two statements as well. */
export function showFrontends(): ReadStatement {
  return read('show-frontends', 'SHOW FRONTENDS');
}

export function showBackends(): ReadStatement {
  return read('show-backends', 'SHOW BACKENDS');
}

export function showComputeNodes(): ReadStatement {
  return read('show-compute-nodes', 'SHOW COMPUTE NODES');
}

/** For most paths the frontend that is asked answers from what it knows: ask the leader. Needs OPERATE. */
export function showProc(path: string): ReadStatement {
  return read('show-proc', `SHOW PROC ${literal(path)}`);
}

/** The last job of the database; no row when there is none, or when the user lacks EXPORT on one of its tables. */
export function showBackup(database: string): ReadStatement {
  return read('show-backup', `SHOW BACKUP FROM ${ident(database)}`);
}

export type BackUpDatabase = {
  readonly database: string;
  readonly snapshot: string;
  readonly repository: string;
  /** Default: everything that StarRocks takes without being told. */
  readonly objects?: readonly Pick<BackupObject, 'name' | 'partitions'>[];
  /** At least 600. */
  readonly timeoutSeconds: number;
};

/** A view or a materialized view that is named is taken like a table, in all versions. */
export function backUpDatabase({ database, snapshot, repository, objects, timeoutSeconds }: BackUpDatabase): Statement {
  refuseSystemDatabase(database);
  if (objects?.length === 0) throw new AppError('INVALID_INPUT', 'A backup of no tables backs up nothing');
  return change('back-up-database', [
    `BACKUP SNAPSHOT ${ident(database)}.${ident(snapshot)}`,
    `TO ${ident(repository)}`,
    ...(objects === undefined ? [] : [`ON (${objects.map(backedUp).join(', ')})`]),
    `PROPERTIES ('type' = 'full', 'timeout' = ${literal(wholeNumber(timeoutSeconds))})`,
  ]);
}

export function backedUp({ name, partitions }: Pick<BackupObject, 'name' | 'partitions'>): string {
  if (partitions === null) return ident(name);
  if (partitions.length === 0) throw new AppError('INVALID_INPUT', `A backup of no partition of ${name} is none`);
  return `${ident(name)} PARTITION (${partitions.map(ident).join(', ')})`;
}

/** From 3.4 on. Writes what catalogs are made of into the repository, their secrets in clear. Needs USAGE on each. */
export function backUpCatalogs(given: {
  readonly catalogs: readonly string[];
  readonly snapshot: string;
  readonly repository: string;
  /** At least 600. */
  readonly timeoutSeconds: number;
}): Statement {
  const { catalogs, snapshot, repository, timeoutSeconds } = given;
  if (catalogs.length === 0) throw new AppError('INVALID_INPUT', 'A backup of no catalogs backs up nothing');
  return change('back-up-catalogs', [
    `BACKUP EXTERNAL CATALOGS (${catalogs.map(ident).join(', ')})`,
    `SNAPSHOT ${ident(snapshot)}`,
    `TO ${ident(repository)}`,
    `PROPERTIES ('type' = 'full', 'timeout' = ${literal(wholeNumber(timeoutSeconds))})`,
  ]);
}

export function showCatalogs(): ReadStatement {
  return read('show-catalogs', 'SHOW CATALOGS');
}

export function cancelBackup(database: string): Statement {
  refuseSystemDatabase(database);
  return change('cancel-backup', [`CANCEL BACKUP FROM ${ident(database)}`]);
}

/** Cancels the one job about external catalogs that the whole cluster has, whoever started it. */
export function cancelCatalogsBackup(): Statement {
  return change('cancel-catalogs-backup', ['CANCEL BACKUP FOR EXTERNAL CATALOG']);
}

/**
 * From 4.2 on (StarRocks pull request 78092). StarRocks refuses it for a snapshot that another cluster made; `FORCE`, which
 * deletes such a one all the same, is never sent.
 */
export function dropSnapshot({ repository, snapshot }: { repository: string; snapshot: string }): Statement {
  return change('drop-snapshot', [`DROP SNAPSHOT ${ident(snapshot)}`, `ON ${ident(repository)}`]);
}

/** Answered by the frontend that is asked; a follower lags behind. */
export function showRestore(database: string): ReadStatement {
  return read('show-restore', `SHOW RESTORE FROM ${ident(database)}`);
}

/** Lists the repository's bucket, which may take seconds. A name that is not there gives a row without timestamp. */
export function showSnapshot({ repository, snapshot }: { repository: string; snapshot?: string }): ReadStatement {
  const filter = snapshot === undefined ? '' : ` WHERE SNAPSHOT = ${literal(snapshot)}`;
  return read('show-snapshot', `SHOW SNAPSHOT ON ${ident(repository)}${filter}`);
}

/** With what the snapshot holds, by names, as JSON in `Details`. */
export function showSnapshotDetails(of: { repository: string; snapshot: string; timestamp: string }): ReadStatement {
  const filter = `WHERE SNAPSHOT = ${literal(of.snapshot)} AND TIMESTAMP = ${literal(of.timestamp)}`;
  return read('show-snapshot-details', `SHOW SNAPSHOT ON ${ident(of.repository)} ${filter}`);
}

export function showRepositories(): ReadStatement {
  return read('show-repositories', 'SHOW REPOSITORIES');
}

export type NewRepository = {
  readonly name: string;
  readonly location: string;
  readonly readOnly: boolean;
  readonly properties: readonly Property[];
};

/**
 * Without a broker: frontends and backends reach the store by themselves. The store is tried while it is made, which takes
 * 25 s where nobody answers, and others that are made meanwhile wait.
 */
export function createRepository({ name, location, readOnly, properties }: NewRepository): Statement {
  const pairs = properties.map((one) => `${literal(one.key)} = ${literal('value' in one ? one.value : one.secretRef)}`);
  return {
    ...change('create-repository', [
      `CREATE ${readOnly ? 'READ ONLY ' : ''}REPOSITORY ${ident(name)}`,
      'WITH BROKER',
      `ON LOCATION ${literal(location)}`,
      ...(pairs.length === 0 ? [] : [`PROPERTIES (${pairs.join(', ')})`]),
    ]),
    secretRefs: properties.flatMap((one) => ('secretRef' in one ? [one.secretRef] : [])),
  };
}

/** StarRocks forgets it; no object in the store is touched. Refused while a job of it runs. */
export function dropRepository(name: string): Statement {
  return change('drop-repository', [`DROP REPOSITORY ${ident(name)}`]);
}

/** The statement as it is sent: each reference to a secret replaced by the secret, which no message may show then. */
export function withSecrets(statement: Statement, secrets: ReadonlyMap<string, string>): Statement {
  const { secretRefs = [], ...rest } = statement;
  // In one pass, so that nothing is looked for in a secret that was put in already.
  const parts = secretRefs.map((ref) => literal(ref).replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  const secretOf = (ref: string): string => {
    const secret = secrets.get(ref);
    // An empty text would be sent as the key.
    if (secret === undefined) throw new Error(`nobody has looked up a secret of ${statement.name}`);
    return secret;
  };
  const byLiteral = new Map(secretRefs.map((ref) => [literal(ref), literal(secretOf(ref))]));
  const text =
    parts.length === 0
      ? statement.text
      : statement.text.replace(new RegExp(parts.join('|'), 'g'), (ref) => byLiteral.get(ref) ?? ref);
  const shown = [...secrets.values()].flatMap((secret) => [secret, literal(secret).slice(1, -1)]);
  return { ...rest, text, secrets: [...(statement.secrets ?? []), ...shown] };
}

export function showDatabases(): ReadStatement {
  return read('show-databases', 'SHOW DATABASES');
}

/** The routine loads of a database that were not stopped; the leader knows best how they do. */
export function showRoutineLoads(database: string): ReadStatement {
  return read('show-routine-loads', `SHOW ROUTINE LOAD FROM ${ident(database)}`);
}

/** `max_user_connections` and what a session of the user begins with. Of others than oneself it needs GRANT on SYSTEM. */
export function showUserProperties(user: string): ReadStatement {
  return read('show-user-properties', `SHOW PROPERTY FOR ${literal(user)}`);
}

export function showTables(database: string): ReadStatement {
  return read('show-tables', `SHOW TABLES FROM ${ident(database)}`);
}

/** Answered by the frontend that is asked; `_` and `%` in the pattern are wildcards, and aliases match too. */
export function adminShowFrontendConfig(pattern: string): ReadStatement {
  return read('show-frontend-config', `ADMIN SHOW FRONTEND CONFIG LIKE ${literal(pattern)}`);
}

/** Up to 3.4 it changes only the frontend that is asked; from 3.5 all of them. */
export function adminSetFrontendConfig(key: string, value: string): Statement {
  return change('set-frontend-config', [`ADMIN SET FRONTEND CONFIG (${literal(key)} = ${literal(value)})`]);
}

/** Starts a new journal file; the image itself appears within about a minute. */
export function createImage(): Statement {
  return change('create-image', ['ALTER SYSTEM CREATE IMAGE']);
}

/** A node by the exact text of its `IP` column, and its edit-log port (frontends) or heartbeat port (the others). */
export type NodeAddress = { readonly host: string; readonly port: number };

const addressed = ({ host, port }: NodeAddress) => literal(`${host}:${wholeNumber(port)}`);

/*
 * One node in each statement: a list with an unknown node fails after it has dropped the known ones, and a list with a known
 * node adds none. All of them answer nothing, so look afterwards. In IP mode ADD resolves a name and stores the IP; the
 * others want the text of the `IP` column.
 */

export function addFrontend({ role, ...node }: NodeAddress & { role: 'FOLLOWER' | 'OBSERVER' }): Statement {
  return change('add-frontend', [`ALTER SYSTEM ADD ${role} ${addressed(node)}`]);
}

export function dropFrontend({ role, ...node }: NodeAddress & { role: 'FOLLOWER' | 'OBSERVER' }): Statement {
  return change('drop-frontend', [`ALTER SYSTEM DROP ${role} ${addressed(node)}`]);
}

export function addBackend(node: NodeAddress): Statement {
  return change('add-backend', [`ALTER SYSTEM ADD BACKEND ${addressed(node)}`]);
}

/** StarRocks refuses it only for tables with one replica there; with `force` not even then. */
export function dropBackend({ force, ...node }: NodeAddress & { force: boolean }): Statement {
  return change('drop-backend', [`ALTER SYSTEM DROP BACKEND ${addressed(node)}${force ? ' FORCE' : ''}`]);
}

/** Sent twice, the second one is ignored. The backend is dropped when it holds no tablet any more. */
export function decommissionBackend(node: NodeAddress): Statement {
  return change('decommission-backend', [`ALTER SYSTEM DECOMMISSION BACKEND ${addressed(node)}`]);
}

/** Tablets that have moved stay where they are now. */
export function cancelDecommission(node: NodeAddress): Statement {
  return change('cancel-decommission', [`CANCEL DECOMMISSION BACKEND ${addressed(node)}`]);
}

export function addComputeNode(node: NodeAddress): Statement {
  return change('add-compute-node', [`ALTER SYSTEM ADD COMPUTE NODE ${addressed(node)}`]);
}

export function dropComputeNode(node: NodeAddress): Statement {
  return change('drop-compute-node', [`ALTER SYSTEM DROP COMPUTE NODE ${addressed(node)}`]);
}

/** From 3.2.8. Null clears it. */
export function setBackendLocation({ location, ...node }: NodeAddress & { location: string | null }): Statement {
  const label = literal(location ?? '');
  return change('set-backend-location', [
    `ALTER SYSTEM MODIFY BACKEND ${addressed(node)} SET ("labels.location" = ${label})`,
  ]);
}

/** Tablets of the table are repaired before those of others, for four hours. It can be sent again. */
export function repairTable({ database, table }: TableName): Statement {
  return change('repair-table', [`ADMIN REPAIR TABLE ${ident(database)}.${ident(table)}`]);
}

export function cancelRepairTable({ database, table }: TableName): Statement {
  return change('cancel-repair-table', [`ADMIN CANCEL REPAIR TABLE ${ident(database)}.${ident(table)}`]);
}

/** StarRocks takes it for a tablet that does not exist as well, and says nothing. A bad replica is deleted and made anew. */
export function setReplicaBad({ tabletId, backendId }: { tabletId: string; backendId: string }): Statement {
  const properties = { tablet_id: tabletId, backend_id: backendId, status: 'bad' };
  const pairs = Object.entries(properties).map(([key, value]) => `${literal(key)} = ${literal(value)}`);
  return change('set-replica-bad', [`ADMIN SET REPLICA STATUS PROPERTIES (${pairs.join(', ')})`]);
}

/** Of which table a tablet is; a row of NULLs for one that does not exist. */
export function showTablet(tabletId: number): ReadStatement {
  return read('show-tablet', `SHOW TABLET ${wholeNumber(tabletId)}`);
}

/** Ends a session, or with `query` only what it runs; works on the frontend that owns the session. */
export function killSession({ id, query = false }: { id: number; query?: boolean }): Statement {
  return change('kill-session', [`KILL ${query ? 'QUERY' : 'CONNECTION'} ${wholeNumber(id)}`]);
}

/** `3.5.0-48f4d81` of the frontend that is asked; needs no backend. */
export function versionComment(): ReadStatement {
  return read('version-comment', 'SELECT @@version_comment AS version_comment');
}

export function replicaStatus({ database, table }: TableName): ReadStatement {
  return read('replica-status', `ADMIN SHOW REPLICA STATUS FROM ${ident(database)}.${ident(table)}`);
}

export function replicaDistribution({ database, table }: TableName): ReadStatement {
  return read('replica-distribution', `ADMIN SHOW REPLICA DISTRIBUTION FROM ${ident(database)}.${ident(table)}`);
}

/** How many tablets of which table a backend (by its BackendId) reports, dropped ones included. That backend answers it. */
export function countTabletsByTable(backendId: string): ReadStatement {
  return read('count-tablets-by-table', [
    'SELECT TABLE_ID, COUNT(*) AS TABLETS',
    'FROM information_schema.be_tablets',
    `WHERE BE_ID = ${idNumber(backendId)}`,
    'GROUP BY TABLE_ID',
  ]);
}

/** The highest replication number of each table, counted by partition: a partition may have another one than its table. */
export function showReplicationNumbers(): ReadStatement {
  return read('show-replication-numbers', [
    'SELECT DB_NAME, TABLE_NAME, MAX(REPLICATION_NUM) AS REPLICAS',
    'FROM information_schema.partitions_meta',
    'GROUP BY DB_NAME, TABLE_NAME',
  ]);
}

/** PROPERTIES holds `replication_num` as JSON text. Default: the tables of every database. */
export function showTableConfig({ database }: { database?: string } = {}): ReadStatement {
  return read('show-table-config', [
    'SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_ENGINE, TABLE_MODEL, PROPERTIES, TABLE_ID',
    'FROM information_schema.tables_config',
    ...(database === undefined ? [] : [`WHERE TABLE_SCHEMA = ${literal(database)}`]),
  ]);
}

/** The storage volumes of a shared-data cluster; elsewhere no row. */
export function showStorageVolumes(): ReadStatement {
  return read('show-storage-volumes', 'SHOW STORAGE VOLUMES');
}

/** The newest automated cluster snapshot (3.4 and later); no row while they are off. Needs a node that can scan. */
export function listClusterSnapshots(): ReadStatement {
  return read('list-cluster-snapshots', [
    'SELECT SNAPSHOT_NAME, SNAPSHOT_TYPE, STORAGE_VOLUME, STORAGE_PATH',
    'FROM information_schema.cluster_snapshots',
  ]);
}

/** The jobs of automated cluster snapshots, 100 by default (3.4 and later). Needs a node that can scan. */
export function listClusterSnapshotJobs(): ReadStatement {
  return read('list-cluster-snapshot-jobs', [
    'SELECT SNAPSHOT_NAME, JOB_ID, FINISHED_TIME, STATE, ERROR_MESSAGE',
    'FROM information_schema.cluster_snapshot_jobs',
  ]);
}

/** StarRocks asks for no privilege (3.5). Left out: the built-in volume. */
export function switchClusterSnapshotsOn(storageVolume: string | null): Statement {
  const volume = storageVolume === null ? '' : ` STORAGE VOLUME ${ident(storageVolume)}`;
  return change('switch-cluster-snapshots-on', [`ADMIN SET AUTOMATED CLUSTER SNAPSHOT ON${volume}`]);
}

/** Deletes the finished snapshots from the store. StarRocks asks for no privilege (3.5). */
export function switchClusterSnapshotsOff(): Statement {
  return change('switch-cluster-snapshots-off', ['ADMIN SET AUTOMATED CLUSTER SNAPSHOT OFF']);
}

/**
 * The physical partitions of a database, with the version that queries see. PARTITION_ID is the physical partition's id
 * (3.3 and later; before, that of the partition, which its only physical one shares). Needs a live backend.
 */
export function showPartitions(database: string): ReadStatement {
  return read('show-partitions', [
    'SELECT TABLE_NAME, PARTITION_NAME, PARTITION_ID, VISIBLE_VERSION, VISIBLE_VERSION_TIME, IS_TEMP',
    'FROM information_schema.partitions_meta',
    `WHERE DB_NAME = ${literal(database)}`,
  ]);
}

/** Few or none; they come and go with INSERT OVERWRITE. */
export function showTemporaryPartitions(database: string): ReadStatement {
  return read('show-temporary-partitions', [
    'SELECT TABLE_NAME, IS_TEMP',
    'FROM information_schema.partitions_meta',
    `WHERE DB_NAME = ${literal(database)} AND IS_TEMP = 1`,
  ]);
}

/** The tables, views and materialized views of a database, with how they are built. A view has no TABLE_ID. */
export function showTableShapes(database: string): ReadStatement {
  return read('show-table-shapes', [
    'SELECT TABLE_NAME, TABLE_ENGINE, TABLE_MODEL, PRIMARY_KEY, PARTITION_KEY, DISTRIBUTE_KEY, DISTRIBUTE_TYPE,',
    'DISTRIBUTE_BUCKET, SORT_KEY, PROPERTIES, TABLE_ID',
    'FROM information_schema.tables_config',
    `WHERE TABLE_SCHEMA = ${literal(database)}`,
  ]);
}

export function showColumns(database: string): ReadStatement {
  return read('show-columns', [
    'SELECT TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, COLUMN_TYPE, IS_NULLABLE, COLUMN_KEY, COLUMN_DEFAULT,',
    'COLUMN_COMMENT, GENERATION_EXPRESSION',
    'FROM information_schema.columns',
    `WHERE TABLE_SCHEMA = ${literal(database)}`,
  ]);
}

export function showViewDefinitions(database: string): ReadStatement {
  return read('show-view-definitions', [
    'SELECT TABLE_NAME, VIEW_DEFINITION',
    'FROM information_schema.views',
    `WHERE TABLE_SCHEMA = ${literal(database)}`,
  ]);
}

/** Rollups, also those made as synchronous materialized views: they are part of a table, which their definition names. */
export function showRollups(database: string): ReadStatement {
  return read('show-rollups', [
    'SELECT TABLE_NAME, MATERIALIZED_VIEW_DEFINITION',
    'FROM information_schema.materialized_views',
    `WHERE TABLE_SCHEMA = ${literal(database)} AND REFRESH_TYPE = 'ROLLUP'`,
  ]);
}

/** Tables of sessions, which are listed among the others elsewhere (3.3 and later). They may have the name of another one. */
export function showTemporaryTables(database: string): ReadStatement {
  return read('show-temporary-tables', [
    'SELECT TABLE_NAME, TABLE_ID',
    'FROM information_schema.temp_tables',
    `WHERE TABLE_SCHEMA = ${literal(database)}`,
  ]);
}

/** Starwarden must change nothing in these databases, whatever StarRocks would accept. */
export function refuseSystemDatabase(database: string): void {
  if (!isSystemDatabase(database)) return;
  throw new AppError('INVALID_INPUT', `${database} is a database of StarRocks' own; nothing is done to it`);
}

export function read(name: string, clauses: string | readonly string[]): ReadStatement {
  return { name, text: typeof clauses === 'string' ? clauses : clauses.join('\n'), effect: 'read' };
}

export function change(name: string, clauses: readonly string[]): Statement {
  return { name, text: clauses.join('\n'), effect: 'change' };
}

function refuseUnusable(text: string, { what, longest }: { what: string; longest: number }): void {
  if (text.includes('\0')) throw new AppError('INVALID_INPUT', `${what} cannot hold a NUL character`);
  if (!text.isWellFormed()) throw new AppError('INVALID_INPUT', `${what} has to be valid Unicode text`);
  if (text.length <= longest) return;
  throw new AppError('INVALID_INPUT', `${what} of ${text.length} characters is too long; the limit is ${longest}`);
}

/** An id of StarRocks' own: up to 19 digits, which a number of JavaScript may not hold. */
function idNumber(id: string): string {
  if (/^\d{1,19}$/.test(id)) return id;
  throw new AppError('INVALID_INPUT', `"${id.slice(0, 40)}" is no id of StarRocks`);
}

export function wholeNumber(value: number): string {
  if (Number.isSafeInteger(value) && value >= 0) return String(value);
  throw new AppError('INVALID_INPUT', `${value} is not a whole number that a statement can take`);
}
