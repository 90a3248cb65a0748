import type { BackupObject } from '../../domain/backup/content.ts';
import { AppError } from '../../errors.ts';
import type { ReadStatement, Statement } from './port.ts';
import {
  backedUp,
  change,
  ident,
  literal,
  read,
  refuseSystemDatabase,
  type TableName,
  wholeNumber,
} from './statements.ts';

export type RestoreSnapshot = {
  /** The database that is filled; up to 3.3 it has to be there. */
  readonly database: string;
  readonly repository: string;
  readonly snapshot: string;
  /** As SHOW SNAPSHOT prints it. */
  readonly timestamp: string;
  /** By the names that they have in the snapshot, and keep. */
  readonly objects: readonly Pick<BackupObject, 'name' | 'partitions'>[];
  readonly replicas: number;
  /** At least 600. */
  readonly timeoutSeconds: number;
};

/**
 * Names what it restores, since everything else in the snapshot would come along, and the number of replicas, which StarRocks
 * takes as three when it is left out and never checks. No table gets another name: RESTORE compares the name of a table that
 * stands there with that in the snapshot, so a copy under another name could be filled only once.
 */
export function restoreSnapshot(given: RestoreSnapshot): Statement {
  const { database, repository, snapshot, timestamp, objects, replicas, timeoutSeconds } = given;
  refuseSystemDatabase(database);
  if (objects.length === 0) throw new AppError('INVALID_INPUT', 'A restore of no tables restores nothing');
  if (!/^[\d-]+$/.test(timestamp))
    throw new AppError('INVALID_INPUT', `"${timestamp.slice(0, 40)}" is no timestamp of a snapshot`);
  if (replicas < 1) throw new AppError('INVALID_INPUT', 'A table needs one replica at least');
  const properties = {
    backup_timestamp: timestamp,
    replication_num: wholeNumber(replicas),
    timeout: wholeNumber(timeoutSeconds),
  };
  const pairs = Object.entries(properties).map(([key, value]) => `${literal(key)} = ${literal(value)}`);
  return change('restore-snapshot', [
    `RESTORE SNAPSHOT ${ident(database)}.${ident(snapshot)}`,
    `FROM ${ident(repository)}`,
    `ON (${objects.map(backedUp).join(', ')})`,
    `PROPERTIES (${pairs.join(', ')})`,
  ]);
}

/** What is granted to our own user, or to a role, which it may ask for if it has it. */
export function showGrants(role: string | null): ReadStatement {
  return read('show-grants', role === null ? 'SHOW GRANTS' : `SHOW GRANTS FOR ROLE ${ident(role)}`);
}

/** Cancels the one restore that a database has, whoever started it. What it had made is removed by StarRocks. */
export function cancelRestore(database: string): Statement {
  refuseSystemDatabase(database);
  return change('cancel-restore', [`CANCEL RESTORE FROM ${ident(database)}`]);
}

/** Refused when there is one of the name. */
export function createDatabase(database: string): Statement {
  refuseSystemDatabase(database);
  return change('create-database', [`CREATE DATABASE ${ident(database)}`]);
}

/**
 * StarRocks asks nobody whether it is empty: who sends this has looked right before. Never with FORCE, so that what came in
 * between can be recovered for a day.
 */
export function dropDatabase(database: string): Statement {
  refuseSystemDatabase(database);
  return change('drop-database', [`DROP DATABASE ${ident(database)}`]);
}

/** Never with FORCE: it can be recovered for a day, and takes its space as long. */
export function dropTable({ database, table }: TableName): Statement {
  refuseSystemDatabase(database);
  return change('drop-table', [`DROP TABLE ${ident(database)}.${ident(table)}`]);
}

export function dropView({ database, table }: TableName): Statement {
  refuseSystemDatabase(database);
  return change('drop-view', [`DROP VIEW ${ident(database)}.${ident(table)}`]);
}

/** Ends what drops old partitions of a table and makes new ones by itself. */
export function switchDynamicPartitionsOff({ database, table }: TableName): Statement {
  refuseSystemDatabase(database);
  return change('switch-dynamic-partitions-off', [
    `ALTER TABLE ${ident(database)}.${ident(table)} SET ('dynamic_partition.enable' = 'false')`,
  ]);
}

/**
 * The number of rows and two sums of hashes over the named columns, which do not depend on the order of rows: NULL and the
 * empty text differ. `murmur_hash3_32` is there in all versions. It reads all of the table.
 */
export function sumTable(
  { database, table }: TableName,
  { columns, timeoutSeconds }: { columns: readonly string[]; timeoutSeconds: number },
): ReadStatement {
  const cells = columns.map((name) => `IFNULL(CONCAT('=', CAST(${ident(name)} AS VARCHAR)), '')`);
  const hashes = ['a', 'b'].map((seed) => `SUM(murmur_hash3_32(${[literal(seed), ...cells].join(', ')}))`);
  return read('sum-table', [
    `SELECT /*+ SET_VAR(query_timeout = ${wholeNumber(timeoutSeconds)}) */ COUNT(*) AS ROW_COUNT,`,
    ...(columns.length === 0 ? ['NULL AS SUM_A, NULL AS SUM_B'] : [`${hashes[0]} AS SUM_A, ${hashes[1]} AS SUM_B`]),
    `FROM ${ident(database)}.${ident(table)}`,
  ]);
}
