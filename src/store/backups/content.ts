import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { type BackupContent, objectTypes } from '../../domain/backup/content.ts';
import type { Queryable, Reader } from '../database.ts';

const pack = promisify(gzip);
const unpack = promisify(gunzip);

const stateShape = z.object({
  tables: z.array(
    z.object({
      id: z.number().nullable(),
      name: z.string(),
      type: z.enum(objectTypes),
      schema: z.string().nullable(),
      partitions: z.array(
        z.object({
          ...{ name: z.string(), id: z.number(), version: z.number().nullable(), isTemporary: z.boolean() },
          versionAt: z.string().nullish(),
        }),
      ),
    }),
  ),
});
/** Null = the backup held the database as it was, as a full one does. */
const contentShape = z.object({ held: stateShape, database: stateShape.nullable() });

/** Replaces what is remembered of a backup's content. A thousand tables of a hundred partitions are about a megabyte. */
export async function saveContent(db: Queryable, backupId: string, content: BackupContent): Promise<void> {
  const [held, database] = [JSON.stringify(content.held), JSON.stringify(content.database)];
  const packed = await pack(`{"held":${held},"database":${database === held ? null : database}}`);
  await db
    .insertInto('backup_content')
    .values({ backup_id: backupId, content: packed })
    .onDuplicateKeyUpdate({ content: packed })
    .execute();
}

export async function readContent(db: Reader, backupId: string): Promise<BackupContent | null> {
  const row = await db
    .selectFrom('backup_content')
    .select('content')
    .where('backup_id', '=', backupId)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { held, database } = contentShape.parse(JSON.parse((await unpack(row.content)).toString('utf8')));
  return { held, database: database ?? held };
}
