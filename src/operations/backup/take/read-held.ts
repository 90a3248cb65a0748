import { z } from 'zod';
import type { ObjectReader } from '../../../adapters/object-store/port.ts';
import { readManifest, type SnapshotName } from '../../../adapters/object-store/read-manifest.ts';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { showSnapshotDetails } from '../../../adapters/starrocks/statements.ts';
import type { DatabaseState, PartitionState, TableState } from '../../../domain/backup/content.ts';
import { AppError } from '../../../errors.ts';

export type Held = {
  readonly database: string;
  /** The moment that the job was made, by the leader's clock; its data are not older. */
  readonly at: Date;
  readonly state: DatabaseState;
  /** Of all its objects; null = nobody counted them. */
  readonly size: { readonly objects: number; readonly bytes: number } | null;
};

/**
 * What a snapshot holds by its own manifest, with physical partitions and versions, and how much lies in the repository.
 * `seen` = the database as it was before: what kinds of objects there were, and how they were built. Memory grows with
 * partitions, not with files. Throws what `readManifest` and the store throw.
 */
export async function readHeld(
  reader: ObjectReader,
  of: SnapshotName,
  { seen, signal }: { seen: DatabaseState | null; signal: AbortSignal },
): Promise<Held> {
  const tables: TableState[] = [];
  let own: PartitionState[] = [];
  let about: Pick<Held, 'database' | 'at'> | null = null;
  for await (const entry of readManifest(reader, of, { signal })) {
    if (entry.kind === 'partition')
      own.push({ name: entry.name, id: entry.id, version: entry.version, isTemporary: false });
    else if (entry.kind === 'table') {
      tables.push(asSeen({ name: entry.name, id: entry.id, partitions: own }, seen));
      own = [];
    } else about = { database: entry.database, at: entry.createdAt };
  }
  if (about === null) throw new AppError('BACKUP_DAMAGED', `The manifest of ${of.snapshot} says nothing of a database`);
  return { ...about, state: { tables }, size: await sizeOf(reader, of.snapshot, signal) };
}

/** How much of a snapshot lies in the repository. */
export async function sizeOf(reader: ObjectReader, snapshot: string, signal: AbortSignal) {
  let [objects, bytes] = [0, 0];
  for await (const { size } of reader.list(`__ss_${snapshot}/`, { signal })) {
    objects += 1;
    bytes += size;
  }
  return { objects, bytes };
}

/** The kind, and how it was built, are not in the manifest. What was made anew since is not known to be built the same. */
function asSeen(held: Pick<TableState, 'name' | 'id' | 'partitions'>, seen: DatabaseState | null): TableState {
  const before = seen?.tables.find(({ name }) => name === held.name);
  const isSame = before !== undefined && (before.id === null || before.id === held.id);
  const type = before?.type ?? (held.partitions.length === 0 ? 'VIEW' : 'TABLE');
  const known = new Map(before?.partitions.map((each) => [each.id, each]));
  const partitions = held.partitions.map((own) => {
    const was = known.get(own.id);
    return was !== undefined && was.version === own.version ? { ...own, versionAt: was.versionAt ?? null } : own;
  });
  return { ...held, type, schema: isSame ? before.schema : null, partitions };
}

const details = z.object({
  database: z.string(),
  backup_time: z.number(),
  backup_objects: z.record(z.string(), z.object({ partitions: z.record(z.string(), z.unknown()).optional() })),
});

/**
 * The same from StarRocks alone, for a repository whose objects cannot be reached: names only. A partition that was the same
 * before and after the backup was the same in it; every other version is unknown.
 */
export async function readHeldNames(
  sql: SqlReader,
  of: SnapshotName & { readonly repository: string },
  { before, after, signal }: { before: DatabaseState | null; after: DatabaseState | null; signal: AbortSignal },
): Promise<Held> {
  const [row] = await sql.query(showSnapshotDetails(of), { signal, timeoutMs: 60_000 });
  const parsed = details.safeParse(readJson(row?.Details ?? null));
  if (!parsed.success)
    throw new AppError(
      'SQL_FAILED',
      `StarRocks does not say what ${of.snapshot} holds: ${row?.Status ?? 'no answer'}`,
      {
        hint: 'Look at SHOW SNAPSHOT.',
        retryable: true,
      },
    );
  const { database, backup_time, backup_objects } = parsed.data;
  const tables = Object.entries(backup_objects).map(([name, { partitions = {} }]): TableState => {
    const was = before?.tables.find((table) => table.name === name);
    const is = after?.tables.find((table) => table.name === name);
    const isSame = was !== undefined && was.id !== null && was.id === is?.id;
    const names = new Set(Object.keys(partitions));
    const own = (is ?? was)?.partitions.filter((each) => names.has(each.name) && !each.isTemporary) ?? [];
    return {
      ...{ name, id: isSame ? was.id : null, type: was?.type ?? (names.size === 0 ? 'VIEW' : 'TABLE') },
      schema: isSame && was.schema === is?.schema ? was.schema : null,
      partitions: own.map((each) => {
        const known = was?.partitions.find(({ id }) => id === each.id);
        const isKept = isSame && known?.version === each.version && known.versionAt === each.versionAt;
        return { ...each, version: isKept ? each.version : null };
      }),
    };
  });
  return { database, at: new Date(backup_time), state: { tables }, size: null };
}

function readJson(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
