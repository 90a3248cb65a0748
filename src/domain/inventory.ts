import type { Backup, BackupKind, BackupState, VerificationLevel } from './backup/backup.ts';
import type { BackupContent } from './backup/content.ts';
import type { ObjectSums } from './backup/object-sums.ts';
import type { Repository } from './backup/repository.ts';
import type { CheckReport, Cluster, ClusterNode, Host, ObservedNode, RemovedNode, StoppedNode } from './cluster.ts';
import type { Neighbour } from './deploy/found-there.ts';
import type { NodeIdentity } from './node-identity.ts';
import type { OpenChange } from './open-change.ts';
import type { Release, UpgradeRecord } from './upgrade/release.ts';
import type { NamedCheck } from './verdict.ts';

export type NewCluster = Pick<Cluster, 'id' | 'name' | 'environment' | 'sqlUser' | 'passwordRef' | 'seeds' | 'tls'>;
export type NewHost = Pick<
  Host,
  'id' | 'clusterId' | 'address' | 'port' | 'user' | 'auth' | 'hostKeyFingerprint' | 'jumpHostId'
>;
export type NewRepository = Pick<Repository, 'name' | 'location' | 'kind' | 'readOnly' | 'origin' | 'access'>;
export type NewUpgrade = Pick<UpgradeRecord, 'direction' | 'fromVersion' | 'toVersion'>;
/** `kind` = what was asked for; what is taken in the end may differ. */
export type NewBackup = Pick<
  Backup,
  'id' | 'database' | 'isSelection' | 'repository' | 'location' | 'kind' | 'origin' | 'policyId' | 'tier'
>;

/** What is taken, decided when its turn has come. */
export type ChosenBackup = {
  readonly kind: BackupKind;
  /** The full backup that an incremental one needs. */
  readonly baseId: string | null;
  /** Null = nothing has changed since the base. */
  readonly snapshot: string | null;
  /** `database` as it was just before; `held` is empty until the snapshot's own manifest was read. */
  readonly content: BackupContent | null;
};

/** How a backup ended, and what it holds. */
export type EndedBackup = Pick<
  Backup,
  | 'backupTimestamp'
  | 'snapshotAt'
  | 'sizeBytes'
  | 'objectCount'
  | 'tableCount'
  | 'partitionCount'
  | 'notHeld'
  | 'problem'
> & {
  readonly state: Extract<BackupState, 'AVAILABLE' | 'PARTIAL' | 'BROKEN'>;
  /** Null = what was remembered when it was chosen stays. */
  readonly content: BackupContent | null;
};

export type NewRemovedNode = Pick<
  RemovedNode,
  'kind' | 'host' | 'port' | 'place' | 'dataDirs' | 'identities' | 'processEnded'
>;

/** Where a node is: `deployDir` is the directory that holds `bin/` and `conf/`. */
export type NodePlace = { readonly hostId: string; readonly deployDir: string; readonly unit: string | null };

/** What a reading of a cluster has shown; `runMode` null = not asked, and the stored value stays. */
export type SeenTopology = {
  readonly nodes: readonly ObservedNode[];
  readonly runMode: string | null;
  readonly problems: readonly string[];
};

/**
 * What Starwarden has stored about clusters, as steps and plans may read it. It cannot be written here: a step answers
 * what is to be stored as `InventoryRecord`s. Throws `AppError` `STORE_UNAVAILABLE` (retryable) when MySQL does not
 * answer.
 */
export interface Inventory {
  findCluster(id: string): Promise<Cluster | null>;
  findClusterByName(name: string): Promise<Cluster | null>;
  /** A registered cluster, other than `exceptId`, that a frontend (`IP` text and edit-log port) belongs to. */
  findClusterByFrontend(frontend: { host: string; port: number; exceptId?: string }): Promise<Cluster | null>;
  listNodes(clusterId: string): Promise<readonly ClusterNode[]>;
  findNode(id: string): Promise<ClusterNode | null>;
  /** Nodes of any registered cluster whose host is reached at one of these addresses: neighbours on a machine. */
  listNodesAt(addresses: readonly string[]): Promise<readonly ClusterNode[]>;
  /**
   * Nodes of any registered cluster that are on one of these machines, as far as is known: by the address of the node or of
   * its host, or by the key that its host shows. All nodes of `clusterId` come too.
   */
  listNeighbours(of: {
    readonly clusterId: string;
    readonly addresses: readonly string[];
    readonly hostKeys: readonly string[];
  }): Promise<readonly Neighbour[]>;
  /** Nodes that runs of ours took out of the cluster, newest first; purged ones included. */
  listRemovedNodes(clusterId: string): Promise<readonly RemovedNode[]>;
  /** Nodes that runs of ours stopped on purpose and nobody has started since. */
  listStoppedNodes(clusterId: string): Promise<readonly StoppedNode[]>;
  /** Temporary changes of this setting that no run has put back yet, newest first. */
  listOpenChanges(of: { readonly clusterId: string; readonly setting: string }): Promise<readonly OpenChange[]>;
  listHosts(clusterId: string): Promise<readonly Host[]>;
  findHost(id: string): Promise<Host | null>;
  findHostByAddress(clusterId: string, address: string, port: number): Promise<Host | null>;
  findPinnedKey(clusterId: string, address: string, port: number): Promise<string | null>;
  findReport(runId: string): Promise<CheckReport | null>;
  /** When the newest verified backup of the cluster was verified; null = there is none. */
  newestBackupAt(clusterId: string): Promise<Date | null>;
  /** The release of the catalogue with this version; null = none is registered. */
  findRelease(version: string): Promise<Release | null>;
  /** Entries that neither a finalization nor an undo has closed, oldest first; their runs may have kept nothing. */
  listOpenUpgrades(clusterId: string): Promise<readonly UpgradeRecord[]>;
  /** The open entries whose kept binaries are still on the nodes. */
  listUpgradesToFinalize(clusterId: string): Promise<readonly UpgradeRecord[]>;
}

/**
 * What a step answers for Starwarden to store, about its own run and that run's cluster. It is written in the transaction
 * of the journal entry that records the step, so both are there or neither is, and only while the worker holds the run's
 * lease. Each record can be written again with the same result: a row is found by its id or its natural key.
 */
export type InventoryRecord =
  /** `ALREADY_EXISTS` when the name belongs to another cluster. */
  | { readonly record: 'clusterAdded'; readonly cluster: Omit<NewCluster, 'id'> }
  /** Destroys the secret of a password that is replaced. `ALREADY_EXISTS` when the name belongs to another cluster. */
  | { readonly record: 'clusterChanged'; readonly cluster: Omit<NewCluster, 'id'> }
  /** Forgets the cluster, its nodes, hosts and secrets; history (runs, audit, backups) stays. */
  | { readonly record: 'clusterRemoved' }
  /**
   * Replaces the stored picture of the cluster and its problems; known nodes keep their ids, vanished nodes are removed.
   * `NOT_FOUND` when the cluster was unregistered meanwhile.
   */
  | { readonly record: 'topologySeen'; readonly topology: SeenTopology }
  | { readonly record: 'hostSaved'; readonly host: Omit<NewHost, 'clusterId'> }
  /** Forgets the host, its login, its pinned key, and which nodes run there; the nodes themselves stay known. */
  | { readonly record: 'hostRemoved'; readonly hostId: string }
  | {
      readonly record: 'hostVerified';
      readonly hostId: string;
      readonly facts: Pick<Host, 'ssh' | 'sudo' | 'problem'>;
    }
  | { readonly record: 'nodeAttached'; readonly nodeId: string; readonly place: NodePlace }
  /** The same for a node whose row the `topologySeen` just before may have made: it has no id yet. */
  | { readonly record: 'nodePlaced'; readonly node: NodeIdentity; readonly place: NodePlace }
  /**
   * The node was stopped on purpose and is to stay down: alerts say so until it is started. `startedBefore` = since when
   * it had run, as the cluster showed it, so that a picture from just before is not taken for a new start.
   */
  | { readonly record: 'nodeStopped'; readonly nodeId: string; readonly startedBefore: string | null }
  /** Its process was started: from now on nobody wants it to be down. */
  | { readonly record: 'nodeStarted'; readonly nodeId: string }
  /** The node is in the cluster no more, and a run of ours is why. Known by kind, address and port, until it is purged. */
  | { readonly record: 'nodeRemoved'; readonly node: NewRemovedNode }
  /** Its directories are gone from its host. */
  | { readonly record: 'nodePurged'; readonly removedNodeId: string }
  /** Destroys a secret of the cluster that nobody needs any more, by its reference. */
  | { readonly record: 'secretSpent'; readonly ref: string }
  | {
      readonly record: 'hostKeyPinned';
      readonly key: { readonly address: string; readonly port: number; readonly fingerprint: string };
    }
  | { readonly record: 'reportMade'; readonly checks: readonly NamedCheck[] }
  /**
   * Opens a row in our own history, in the state SCHEDULED. An open row of the same run and database, which an earlier try
   * has left, becomes BROKEN.
   */
  | { readonly record: 'backupBegun'; readonly backup: NewBackup }
  /** Its turn has come: it is RUNNING. */
  | { readonly record: 'backupChosen'; readonly backupId: string; readonly chosen: ChosenBackup }
  /** How it ended. A run that ends without this leaves its open rows BROKEN, in the same transaction. */
  | { readonly record: 'backupEnded'; readonly backupId: string; readonly ended: EndedBackup }
  /**
   * The result of one verification, kept beside the earlier ones. `passed` null = it could not be told, which changes
   * nothing else. One that passed says when the backup was found complete; one that failed makes it BROKEN.
   */
  | {
      readonly record: 'backupChecked';
      readonly backupId: string;
      readonly level: VerificationLevel;
      readonly passed: boolean | null;
      readonly message: string;
      readonly objects: number | null;
      readonly bytes: number | null;
      /** What lay in the repository, if that is to be remembered: later verifications compare with it. */
      readonly remembered?: ObjectSums;
    }
  /** Its objects are about to be removed: it counts as gone from here on. */
  | { readonly record: 'backupDeleting'; readonly backupId: string; readonly because: string }
  /** Nothing of it is left in the repository. */
  | { readonly record: 'backupDeleted'; readonly backupId: string; readonly because: string }
  /** Backups of a cluster with this id of its own, which is not registered any more, belong to this cluster. */
  | { readonly record: 'backupsAdopted'; readonly origin: string }
  /**
   * Puts a repository of the cluster under management, or changes how it is reached. Keys that are replaced by others are
   * destroyed, and so are `spent` secrets, which nobody needs any more.
   */
  | { readonly record: 'repositorySaved'; readonly repository: NewRepository; readonly spent: readonly string[] }
  /** What was found of it just now. A problem that goes on keeps the time since when; null sizes = not known. */
  | {
      readonly record: 'repositoryChecked';
      readonly name: string;
      readonly problem: { readonly code: string; readonly message: string } | null;
      readonly usedBytes: number | null;
      readonly freeBytes: number | null;
    }
  /** Forgets the repository and destroys its keys. */
  | { readonly record: 'repositoryRemoved'; readonly name: string }
  /** Begins an entry of the cluster's history of versions. */
  | { readonly record: 'upgradeBegun'; readonly upgrade: NewUpgrade }
  /** The open upgrades of the cluster cannot be undone any more, for this reason. Their entries stay open. */
  | { readonly record: 'undoForbidden'; readonly reason: string }
  /** Closes the open entries of the cluster, or only that of this run. */
  | { readonly record: 'upgradesClosed'; readonly of: 'cluster' | 'run' };
