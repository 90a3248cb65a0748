import type { ReadStatement, Statement } from './port.ts';
import { ident, literal, type TableName } from './statements.ts';

/*
 * What the first minutes of a new cluster take: its users, and a table to try it with. Passwords are references, which are
 * replaced at the moment of sending.
 */

/** Every user with whether it has a password. Needs GRANT; the same columns in 3.1 to 4.0. */
export function showAllAuthentication(): ReadStatement {
  return read('show-authentication', 'SHOW ALL AUTHENTICATION');
}

/** The sessions of the frontend that is asked, from 3.5 on of all. Everybody's for who has OPERATE. */
export function showProcessList(): ReadStatement {
  return read('show-processlist', 'SHOW PROCESSLIST');
}

/** The password of whoever sends it: nobody but root itself may set root's. */
export function setOwnPassword(passwordRef: string): Statement {
  return change('set-own-password', `SET PASSWORD = PASSWORD(${literal(passwordRef)})`, [passwordRef]);
}

/** The role of Starwarden's own user, by what it allows. */
export const ownRole = 'starwarden_role';

/**
 * Starwarden's own user, with what it needs and no more: what docs/restore.md asks for is in it. Each can be sent again; the
 * last one makes the roles take effect, so a user that may do something has them all. NODE cannot be granted, only
 * `cluster_admin` has it.
 */
export function makeOwnUser({ user, passwordRef }: { user: string; passwordRef: string }): readonly Statement[] {
  const name = `${literal(user)}@'%'`;
  const role = ident(ownRole);
  return [
    change('create-own-user', `CREATE USER IF NOT EXISTS ${name} IDENTIFIED BY ${literal(passwordRef)}`, [passwordRef]),
    change('create-own-role', `CREATE ROLE IF NOT EXISTS ${role}`),
    change('grant-system', `GRANT OPERATE, REPOSITORY ON SYSTEM TO ROLE ${role}`),
    change('grant-create-database', `GRANT CREATE DATABASE ON CATALOG default_catalog TO ROLE ${role}`),
    change('grant-create-table', `GRANT CREATE TABLE, DROP ON ALL DATABASES TO ROLE ${role}`),
    change('grant-tables', `GRANT SELECT, EXPORT, INSERT, ALTER, DROP ON ALL TABLES IN ALL DATABASES TO ROLE ${role}`),
    change('grant-own-roles', `GRANT ${role}, cluster_admin TO USER ${name}`),
    change('set-own-roles', `ALTER USER ${name} DEFAULT ROLE ${role}, cluster_admin`),
  ];
}

export function createTrialDatabase(database: string): Statement {
  return change('create-trial-database', `CREATE DATABASE IF NOT EXISTS ${ident(database)}`);
}

export function createTrialTable({ replicas, ...name }: TableName & { readonly replicas: 1 | 2 | 3 }): Statement {
  return change(
    'create-trial-table',
    `CREATE TABLE IF NOT EXISTS ${table(name)} (
  id INT NOT NULL
)
DUPLICATE KEY (id)
DISTRIBUTED BY HASH(id) BUCKETS 1
PROPERTIES ("replication_num" = "${replicas}")`,
  );
}

export function writeTrialRow(name: TableName): Statement {
  return change('write-trial-row', `INSERT INTO ${table(name)} VALUES (1)`);
}

/** One row with the column `found`. */
export function countTrialRows(name: TableName): ReadStatement {
  return read('count-trial-rows', `SELECT COUNT(*) AS found FROM ${table(name)}`);
}

/** By FORCE, so that nothing of it stays in the recycle bin. */
export function dropTrialDatabase(database: string): Statement {
  return change('drop-trial-database', `DROP DATABASE IF EXISTS ${ident(database)} FORCE`);
}

function table({ database, table: name }: TableName): string {
  return `${ident(database)}.${ident(name)}`;
}

function read(name: string, text: string): ReadStatement {
  return { name, text, effect: 'read' };
}

function change(name: string, text: string, secretRefs: readonly string[] = []): Statement {
  return { name, text, effect: 'change', secretRefs };
}
