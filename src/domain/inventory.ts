import type { Backup, CheckReport, Cluster, ClusterNode, Host, ObservedNode } from './cluster.ts';
import type { NamedCheck } from './run.ts';
import type { Release, UpgradeRecord } from './upgrade/release.ts';

export type NewCluster = Pick<Cluster, 'id' | 'name' | 'environment' | 'sqlUser' | 'passwordRef' | 'seeds' | 'tls'>;
export type NewHost = Pick<
  Host,
  'id' | 'clusterId' | 'address' | 'port' | 'user' | 'auth' | 'hostKeyFingerprint' | 'jumpHostId'
>;
export type NewUpgrade = Pick<UpgradeRecord, 'clusterId' | 'runId' | 'direction' | 'fromVersion' | 'toVersion'>;
export type NewBackup = Pick<Backup, 'id' | 'clusterId' | 'runId' | 'database' | 'repository' | 'snapshot'>;

/**
 * Starwarden's own memory of clusters, as steps and plans may use it. Every write can be repeated with the same
 * result: a row is found again by its id or its natural key. Throws `AppError` `STORE_UNAVAILABLE` (retryable) when
 * MySQL does not answer, `ALREADY_EXISTS` when a name is taken by another row.
 */
export interface Inventory {
  findCluster(id: string): Promise<Cluster | null>;
  findClusterByName(name: string): Promise<Cluster | null>;
  /** A registered cluster, other than `exceptId`, that a frontend (`IP` text and edit-log port) belongs to. */
  findClusterByFrontend(frontend: { host: string; port: number; exceptId?: string }): Promise<Cluster | null>;
  addCluster(cluster: NewCluster): Promise<void>;
  /**
   * Writes what is known of the cluster anew; the secret of a password that is replaced is destroyed. Throws `ALREADY_EXISTS` when the
   * name belongs to another cluster.
   */
  changeCluster(cluster: NewCluster): Promise<void>;
  /** Forgets the cluster, its nodes, hosts and secrets; history (runs, audit, backups) stays. */
  removeCluster(id: string): Promise<void>;
  listNodes(clusterId: string): Promise<readonly ClusterNode[]>;
  findNode(id: string): Promise<ClusterNode | null>;
  /** Replaces the picture of the cluster and its problems; ids of known nodes are kept, vanished nodes leave. */
  saveTopology(
    clusterId: string,
    topology: { nodes: readonly ObservedNode[]; runMode: string | null; problems?: readonly string[] },
  ): Promise<void>;
  listHosts(clusterId: string): Promise<readonly Host[]>;
  findHost(id: string): Promise<Host | null>;
  findHostByAddress(clusterId: string, address: string, port: number): Promise<Host | null>;
  saveHost(host: NewHost): Promise<void>;
  /** Forgets the host, its login and its pinned key, and that nodes run there; the nodes themselves stay known. */
  removeHost(id: string): Promise<void>;
  saveHostFacts(id: string, facts: Pick<Host, 'ssh' | 'sudo' | 'problem'>): Promise<void>;
  /** Ties nodes to a host; `deployDir` is the directory that holds `bin/` and `conf/`. */
  attachNode(nodeId: string, place: { hostId: string; deployDir: string; unit: string | null }): Promise<void>;
  findPinnedKey(clusterId: string, address: string, port: number): Promise<string | null>;
  pinHostKey(clusterId: string, key: { address: string; port: number; fingerprint: string }): Promise<void>;
  findReport(runId: string): Promise<CheckReport | null>;
  saveReport(report: { clusterId: string; runId: string; checks: readonly NamedCheck[] }): Promise<void>;
  findBackup(runId: string): Promise<Backup | null>;
  /** When the newest verified backup of the cluster was verified; null = there is none. */
  newestBackupAt(clusterId: string): Promise<Date | null>;
  addBackup(backup: NewBackup): Promise<void>;
  completeBackup(runId: string, found: { backupTimestamp: string }): Promise<void>;
  /** The release of the catalogue with this version; null = none is registered. */
  findRelease(version: string): Promise<Release | null>;
  /** Begins an entry of the cluster's history of versions; a repeat for the same run changes nothing. */
  recordUpgrade(upgrade: NewUpgrade): Promise<void>;
  /** Entries that no finalization and no undo has closed, oldest first; their runs may have kept nothing. */
  listOpenUpgrades(clusterId: string): Promise<readonly UpgradeRecord[]>;
  /** Those of them whose kept binaries are still on the nodes. */
  listUpgradesToFinalize(clusterId: string): Promise<readonly UpgradeRecord[]>;
  /** The upgrades of the cluster that are open cannot be undone any more, for this reason. Their entries stay open. */
  forbidUndo(clusterId: string, reason: string): Promise<void>;
  /** Marks the open entries of the cluster as finalized, or only that of one run. */
  finalizeUpgrades(clusterId: string, runId?: string): Promise<void>;
}

/** A method that answers something. One that answers nothing changes something. */
export type InventoryRead = {
  [Name in keyof Inventory]: Inventory[Name] extends (...args: never[]) => Promise<void> ? never : Name;
}[keyof Inventory];

/** The methods that change nothing. All others may be called only by the worker that drives the run (see `guardPorts`). */
export const inventoryReads = [
  'findCluster',
  'findClusterByName',
  'findClusterByFrontend',
  'listNodes',
  'findNode',
  'listHosts',
  'findHost',
  'findHostByAddress',
  'findPinnedKey',
  'findReport',
  'findBackup',
  'newestBackupAt',
  'findRelease',
  'listOpenUpgrades',
  'listUpgradesToFinalize',
] as const satisfies readonly InventoryRead[];
