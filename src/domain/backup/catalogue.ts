import type { Backup, Verification } from './backup.ts';
import type { BackupContent } from './content.ts';
import type { ObjectSums } from './object-sums.ts';
import type { BackupPolicy } from './policy.ts';
import type { Repository } from './repository.ts';
import type { CataloguedBackup } from './usable.ts';

/**
 * What Starwarden has stored about backups, as steps, plans and rules may read it; written as `InventoryRecord`s. Throws
 * `STORE_UNAVAILABLE` (retryable) when MySQL does not answer.
 */
export interface BackupCatalogue {
  /** The newest backup of a database that this run has begun; null = none. */
  findOfRun(runId: string, database: string): Promise<Backup | null>;
  find(id: string): Promise<Backup | null>;
  /** The backups of a cluster, or of one policy of it, that are not deleted, oldest first. */
  list(of: {
    readonly clusterId: string;
    readonly policyId?: string;
    readonly database?: string;
  }): Promise<readonly Backup[]>;
  /**
   * The same with their verifications and the open runs that make or delete them, for the rules of retention and recovery.
   * The run `exceptRunId`, which asks, does not count as open.
   */
  listCatalogued(of: {
    readonly clusterId: string;
    readonly database?: string;
    readonly exceptRunId?: string;
  }): Promise<readonly CataloguedBackup[]>;
  /** What was remembered of its content; null = nothing yet. */
  readContent(backupId: string): Promise<BackupContent | null>;
  /** The results of its verifications, oldest first. */
  listChecks(backupId: string): Promise<readonly Verification[]>;
  /** What lay in the repository when its objects were first found complete; null = they never were. */
  readObjectSums(backupId: string): Promise<{ readonly at: Date; readonly sums: ObjectSums } | null>;
  findPolicy(id: string): Promise<BackupPolicy | null>;
  /** Those that were not removed, by name. */
  listPolicies(clusterId: string): Promise<readonly BackupPolicy[]>;
  findRepository(clusterId: string, name: string): Promise<Repository | null>;
  listRepositories(clusterId: string): Promise<readonly Repository[]>;
}
