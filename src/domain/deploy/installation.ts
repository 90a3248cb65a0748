/**
 * What a run puts on a host for one node that is new. A marker in each of its directories names the run and the node, and
 * only what carries that marker is taken away again.
 */
export type Installation = {
  readonly runId: string;
  readonly release: { readonly version: string; readonly sha256: string };
  /** `meta_dir`, or the paths of `storage_root_path`. */
  readonly dataDirs: readonly string[];
  /** The address by which the cluster is told of the node. */
  readonly host: string;
  /** TCP ports that must be free when the place is claimed. */
  readonly ports: readonly number[];
};

/**
 * `nobody`: it is absent or holds nothing. `ours`: this run claimed it for this node. `other`: it holds something that does
 * not carry our marker of this run. `unknown`: it cannot be looked into, so it may be ours.
 */
export type DirOwner = 'nobody' | 'ours' | 'other' | 'unknown';

export type DirState = {
  readonly path: string;
  readonly owner: DirOwner;
  /** What speaks against it, as a sentence; null unless the owner is `other` or `unknown`. */
  readonly problem: string | null;
  /** Nothing but our marker is in it, or it is not there. */
  readonly isEmpty: boolean;
};

/** What of an installation is there. Nothing here is guessed: what cannot be read fails the call. */
export type InstalledState = {
  /** The deploy directory first, then the data directories. */
  readonly dirs: readonly DirState[];
  /** `whole`: `bin`, `lib` and `conf` of the release are in place, and nothing of it waits beside them. */
  readonly binaries: 'none' | 'half' | 'whole';
  /** Of the node's conf file; null = it has none yet. */
  readonly confSha256: string | null;
  /** The unit's file; null = there is none. `isOurs`: its first line names this run and this node. */
  readonly unit: { readonly sha256: string; readonly isOurs: boolean } | null;
  /** Whether this run has begun the first start of the node: its data directories may hold something from then on. */
  readonly isBegun: boolean;
};

/** How a frontend is started for the first time. */
export type FirstStart = {
  /** `host:edit_log_port` of a frontend that runs; null = a backend, a compute node, or the first frontend of a cluster. */
  readonly helper: string | null;
  /** Whether the cluster names its frontends by address or by host name; the others take no such option. */
  readonly hostType: 'IP' | 'FQDN';
};
