import type { BackupContent } from '../../../src/domain/backup/content.ts';
import type { Rows } from './lab-database.ts';
import { type Bucket, type Row, readSnapshot, type Snapshot } from './read-snapshot.ts';

export type Chain = {
  readonly content: BackupContent;
  /** Null = nothing had changed, so all of it is in the base. */
  readonly snapshot: string | null;
  /** The full backup that it needs; null = it is one. */
  readonly base: string | null;
};

export type TableRows = Readonly<Record<string, readonly string[]>>;

/**
 * What a restore of a chain would bring back, by table: of each partition that the database had the rows that the backup holds, else
 * those of its base. Throws where neither holds a partition at the version that the record says.
 */
export async function restoredRows(
  bucket: Bucket,
  { content, snapshot, base }: Chain,
): Promise<ReadonlyMap<string, Row[]>> {
  const links: Snapshot[] = [];
  for (const name of [snapshot, base]) if (name !== null) links.push(await readSnapshot(bucket, name));
  const tables = content.database.tables.filter(({ type }) => type === 'TABLE');
  return new Map(
    tables.map(({ name, partitions }) => {
      const rows = partitions
        .filter(({ isTemporary }) => !isTemporary)
        .flatMap(({ name: partition, id, version }) => {
          const held = links.map((link) => link.partitions.get(id)).find((found) => found !== undefined);
          if (held === undefined) throw new Error(`no link of the chain holds ${name}.${partition} (${id})`);
          if (version !== null && version !== held.version) {
            throw new Error(`${name}.${partition} (${id}) was at ${version}, and is held at ${held.version}`);
          }
          return held.rows;
        });
      return [name, rows];
    }),
  );
}

/** Rows in a form in which two lists of the same rows are equal. Rows that are older than a column have its default. */
export function comparable(restored: ReadonlyMap<string, readonly Row[]>, wanted: Rows): TableRows {
  return Object.fromEntries(
    [...restored].toSorted(byName).map(([name, rows]) => {
      const columns = wanted.get(name)?.columns ?? [];
      const whole = rows.map((row) => [...row, ...columns.slice(row.length).map(({ fallback }) => fallback)]);
      return [name, whole.map((row) => JSON.stringify(row)).toSorted()];
    }),
  );
}

export function wantedRows(wanted: Rows): TableRows {
  return comparable(new Map([...wanted].map(([name, { rows }]) => [name, rows])), wanted);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
