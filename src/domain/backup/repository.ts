export const repositoryKinds = ['S3', 'HDFS', 'OTHER'] as const;
export type RepositoryKind = (typeof repositoryKinds)[number];

/** How an S3 store is reached. The keys are references to secrets, never the keys themselves. */
export type S3Access = {
  /** Null = the one of AWS for the region. */
  readonly endpoint: string | null;
  readonly region: string | null;
  readonly pathStyle: boolean;
  readonly accessKeyRef: string;
  readonly secretKeyRef: string;
};

/** A repository of a cluster that Starwarden has taken under management. */
export type Repository = {
  readonly id: string;
  readonly clusterId: string;
  readonly name: string;
  /** The URI of ON LOCATION. */
  readonly location: string;
  readonly kind: RepositoryKind;
  readonly readOnly: boolean;
  /** `CREATED` by Starwarden, or `TAKEN_OVER` after somebody had made it by hand. */
  readonly origin: 'CREATED' | 'TAKEN_OVER';
  /** How Starwarden itself reaches the store; null = only through StarRocks. */
  readonly access: S3Access | null;
  readonly checkedAt: Date | null;
  readonly problem: { readonly code: string; readonly message: string; readonly since: Date } | null;
  readonly usedBytes: number | null;
  readonly freeBytes: number | null;
};
