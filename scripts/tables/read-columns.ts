import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { z } from 'zod';

/** A column as `information_schema` describes it. */
export type ColumnRow = {
  readonly table: string;
  readonly column: string;
  /** In small letters, without length. */
  readonly type: string;
  readonly isNullable: boolean;
  readonly defaultText: string | null;
  readonly extra: string;
};

const rowShape = z
  .object({
    name: z.string(),
    col: z.string(),
    type: z.string(),
    nullable: z.enum(['YES', 'NO']),
    preset: z.string().nullable(),
    extra: z.string(),
  })
  .transform(
    ({ name, col, type, nullable, preset, extra }): ColumnRow => ({
      table: name,
      column: col,
      type: type.toLowerCase(),
      isNullable: nullable === 'YES',
      defaultText: preset,
      extra: extra.toLowerCase(),
    }),
  );

/** Every column of the database at `url`, but for those of the migrator, by table and in the order of the table. */
export async function readColumns(url: string): Promise<readonly ColumnRow[]> {
  const connection = await createConnection({ uri: url, connectTimeout: 10_000 });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT TABLE_NAME AS name, COLUMN_NAME AS col, DATA_TYPE AS type, IS_NULLABLE AS nullable,
         COLUMN_DEFAULT AS preset, EXTRA AS extra
       FROM information_schema.COLUMNS
       WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT LIKE 'kysely%'
       ORDER BY TABLE_NAME, ORDINAL_POSITION`,
    );
    return rows.map((row) => rowShape.parse(row));
  } finally {
    await connection.end();
  }
}
