/** What a backup can hold. An external catalog stands in no database, and has backups of its own. */
export const objectTypes = ['TABLE', 'VIEW', 'MATERIALIZED_VIEW', 'FUNCTION', 'EXTERNAL_CATALOG'] as const;
export type ObjectType = (typeof objectTypes)[number];

/** One physical partition. Several share a name where a partition is spread over several by itself. */
export type PartitionState = {
  readonly name: string;
  /** The physical partition's id: another one after TRUNCATE, DROP and ADD, or INSERT OVERWRITE. */
  readonly id: number;
  /** The visible version; null = nobody knows, so it counts as changed. */
  readonly version: number | null;
  /**
   * When that version became visible, as the frontend writes it: a RESTORE sets a version back, and later writes count up
   * from there. Null or left out = unknown.
   */
  readonly versionAt?: string | null | undefined;
  readonly isTemporary: boolean;
};

export type TableState = {
  /** Another one after DROP and CREATE; goes along when tables are renamed or swapped. Null = unknown. */
  readonly id: number | null;
  readonly name: string;
  readonly type: ObjectType;
  /** A hash of what a RESTORE compares (columns, keys, distribution, partitioning); null = unknown. */
  readonly schema: string | null;
  readonly partitions: readonly PartitionState[];
};

/** A database at one moment, as its frontends show it, or as the manifest of a snapshot says. */
export type DatabaseState = { readonly tables: readonly TableState[] };

/**
 * What is remembered of a backup: what its snapshot holds, as the snapshot's own manifest says, and what the database
 * consisted of at that time. They differ in an incremental backup.
 */
export type BackupContent = {
  readonly held: DatabaseState;
  readonly database: DatabaseState;
};

/** What a BACKUP statement names: whole tables, or some partitions of one. */
export type BackupObject = {
  readonly type: ObjectType;
  readonly name: string;
  /** Null = all of it. */
  readonly partitions: readonly string[] | null;
};
