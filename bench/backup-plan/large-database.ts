import { createIds } from '../../sandbox/starrocks/frontend/meta/ids.ts';
import { openJournal } from '../../sandbox/starrocks/frontend/meta/journal.ts';
import {
  type Change,
  type ClusterState,
  change,
  createStateStore,
  type Partition,
  type Table,
} from '../../sandbox/starrocks/frontend/meta/state.ts';

export type DatabaseSize = {
  readonly tables: number;
  readonly partitionsPerTable: number;
  /** So many of each table were loaded into after the full backup. */
  readonly changedPerTable: number;
};

type LargeDatabase = DatabaseSize & {
  readonly database: string;
  /** Between the two loads of the partitions that changed. */
  readonly fullBackupAt: Date;
};

const hourMs = 3_600_000;

/** The visible versions of partitions when the full backup was taken, and of those that were loaded into since. */
export const versions = { before: 2, after: 3 } as const;

export function isChanged({ version }: { readonly version: number | null }): boolean {
  return version === versions.after;
}

/**
 * Puts a database of many tables into the image of a frontend that does not run. By statements it would take the stand-in
 * minutes. The partitions have no tablets: no plan asks for them, and the stand-in's scheduler would look at each of them all
 * the time.
 */
export function writeLargeDatabase(metaDir: string, wanted: LargeDatabase): void {
  const journal = openJournal(metaDir);
  const store = createStateStore();
  if (journal.image !== null) store.load(journal.image.state);
  const first = (journal.image?.index ?? 0) + 1;
  // Of a cluster with one frontend, every entry on its disk is safe.
  for (const { changes } of journal.entriesFrom(first, Number.MAX_SAFE_INTEGER)) store.apply(changes);
  store.apply(largeDatabase(store.state, wanted));
  const { lastIndex: index, lastTerm: term } = journal;
  journal.saveImage({ index, term, state: store.dump(), writtenAt: Date.now() });
}

function largeDatabase(state: ClusterState, wanted: LargeDatabase): Change[] {
  const ids = createIds(state);
  const dbId = ids.next();
  const tables = Array.from({ length: wanted.tables }, (_, at) => tableOf(ids.next(), dbId, at));
  const partitions = tables.flatMap(({ id }) =>
    Array.from({ length: wanted.partitionsPerTable }, (_, at): Partition => {
      const wasLoaded = at >= wanted.partitionsPerTable - wanted.changedPerTable;
      const visibleVersion = wasLoaded ? versions.after : versions.before;
      return {
        id: ids.next(),
        tableId: id,
        indexId: ids.next(),
        name: partitionName(at),
        lower: at === 0 ? null : String(at),
        upper: String(at + 1),
        replicationNum: 1,
        schemaHash: 1,
        visibleVersion,
        visibleAt: wanted.fullBackupAt.getTime() + (wasLoaded ? hourMs : -hourMs),
        rowCount: 1,
        dataBytes: 100,
        tablets: [],
      };
    }),
  );
  return [
    change('databases', dbId, { id: dbId, name: wanted.database }),
    ...tables.map((table) => change('tables', table.id, table)),
    ...partitions.map((partition) => change('partitions', partition.id, partition)),
    ids.change(),
  ];
}

function tableOf(id: number, dbId: number, at: number): Table {
  const column = { nullable: false, fallback: null, type: 'bigint(20)' };
  return {
    id,
    dbId,
    name: `t${String(at).padStart(4, '0')}`,
    columns: [
      { ...column, name: 'id', key: true },
      { ...column, name: 'amount', key: false },
    ],
    keyType: 'DUPLICATE',
    keys: ['id'],
    partitionColumn: 'id',
    distribution: { columns: ['id'], buckets: 1 },
    replicationNum: 1,
    comment: '',
    state: 'NORMAL',
    createdAt: 0,
  };
}

function partitionName(at: number): string {
  return `p${String(at).padStart(3, '0')}`;
}
