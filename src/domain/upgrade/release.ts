/** Where a release archive is fetched from when a node is staged. */
export const releaseSourceKinds = ['PATH', 'URL', 'HOST_URL', 'ON_NODE'] as const;
export type ReleaseSourceKind = (typeof releaseSourceKinds)[number];

export type ReleaseSource = {
  /**
   * `PATH`: a file on the host that Starwarden runs on, below its directory of releases. `URL`: Starwarden fetches it once
   * over HTTP. Both are sent to the hosts over SSH. `HOST_URL`: each host fetches it over HTTP by itself. `ON_NODE`: the
   * file is on every node already, under the same absolute path.
   */
  readonly kind: ReleaseSourceKind;
  /** The path or URL. */
  readonly location: string;
};

/** What is inside an archive. Compute nodes run from the backend's part. */
export const releaseParts = ['FRONTEND', 'BACKEND'] as const;
export type ReleasePart = (typeof releaseParts)[number];

/** A release of StarRocks in the catalogue: one archive, identified by its version and its checksum. */
export type Release = {
  readonly id: string;
  /** As its nodes report it, without the commit: `3.5.0`, `3.4.6-rc01`. Unique in the catalogue. */
  readonly version: string;
  readonly source: ReleaseSource;
  /** 64 hexadecimal digits, lower case. */
  readonly sha256: string;
  /** Null when it is not known, e.g. for an archive that is only on the nodes. */
  readonly sizeBytes: number | null;
  readonly contents: readonly ReleasePart[];
  /** The oldest JDK its frontends start with, e.g. 17. */
  readonly minimumJdk: number;
  readonly registeredAt: Date;
  readonly registeredByName: string;
};

/** A change of a cluster's version, as its history keeps it. Its state is that of the run. */
export type UpgradeRecord = {
  readonly id: string;
  readonly clusterId: string;
  readonly runId: string;
  readonly direction: 'UPGRADE' | 'DOWNGRADE';
  /** The version, or versions joined by ` and `, that the cluster had when the run began. */
  readonly fromVersion: string;
  readonly toVersion: string;
  readonly startedAt: Date;
  /** When the kept binaries were removed, after which there is no quick way back; null = they are still there. */
  readonly finalizedAt: Date | null;
};
