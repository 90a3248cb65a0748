import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { migrate, openDatabase } from '../../../src/store/database.ts';

/** Statements that make an empty database, on the same server, one on which all migrations were run. */
export type Template = { readonly statements: readonly string[] };

/** Runs the migrations on a database of that name, once, and writes down what it has become. */
export async function makeTemplate(databaseUrl: string, name: string): Promise<Template> {
  const url = new URL(databaseUrl);
  const connection = await createConnection({ uri: databaseUrl });
  try {
    await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
    url.pathname = `/${name}`;
    const db = openDatabase({ url: url.href, poolSize: 2, answerMs: null });
    await migrate(db).finally(() => db.destroy());
    const statements = ['SET SESSION foreign_key_checks = 0'];
    const [tables] = await connection.query<RowDataPacket[]>(`SHOW TABLES FROM ${name}`);
    for (const table of tables.map((row) => String(Object.values(row)[0]))) {
      const [[created]] = await connection.query<RowDataPacket[]>(`SHOW CREATE TABLE ${name}.\`${table}\``);
      statements.push(String(created?.['Create Table']));
      const [rows] = await connection.query<RowDataPacket[]>(`SELECT 1 FROM ${name}.\`${table}\` LIMIT 1`);
      if (rows.length > 0) statements.push(`INSERT INTO \`${table}\` SELECT * FROM ${name}.\`${table}\``);
    }
    return { statements };
  } finally {
    await connection.end();
  }
}
