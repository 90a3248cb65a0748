/** A file of a tablet, as the manifest names it. */
export type ManifestFile = {
  /** Without the checksum. */
  readonly name: string;
  /** 32 hex digits; null = the manifest names the file without a checksum. */
  readonly md5: string | null;
};

export type ManifestTablet = {
  readonly id: number;
  readonly indexId: number;
  /** Null = the manifest names no files: StarRocks writes an empty list, at least from 3.1 on. */
  readonly files: readonly ManifestFile[] | null;
};

/** What a snapshot holds of one physical partition. */
export type ManifestPartition = {
  readonly kind: 'partition';
  readonly table: string;
  readonly name: string;
  /** The physical partition's id. */
  readonly id: number;
  /** The visible version that was backed up. */
  readonly version: number;
  readonly tablets: readonly ManifestTablet[];
};

/** Comes after its partitions. A logical view has none. */
export type ManifestTable = {
  readonly kind: 'table';
  readonly name: string;
  readonly id: number;
  /** Physical partitions. */
  readonly partitions: number;
};

/** Comes last. */
export type ManifestSnapshot = {
  readonly kind: 'snapshot';
  readonly name: string;
  readonly database: string;
  readonly databaseId: number;
  /** The moment that the job was made, by the leader's clock. */
  readonly createdAt: Date;
  /** How many bytes the manifest has. */
  readonly bytes: number;
};

/** A manifest piece by piece, so that one of a million files needs no memory for all of them. */
export type ManifestEntry = ManifestPartition | ManifestTable | ManifestSnapshot;
