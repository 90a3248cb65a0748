import type { BackupCatalogue } from '../domain/backup/catalogue.ts';
import type { Inventory } from '../domain/inventory.ts';
import type { Archives } from './archives/port.ts';
import type { NodeHttp } from './http/port.ts';
import type { NodeReader, NodeRef } from './nodes/port.ts';
import type { ObjectReader, StorePlace } from './object-store/port.ts';
import type { ShellReader } from './ssh/port.ts';
import type { SqlLogin, SqlReader } from './starrocks/port.ts';

/**
 * Reads a cluster and cannot change anything, bound to one cluster: for plans, for the checks of steps and of ends, and
 * for the monitor.
 */
export type Reading = {
  /** The cluster it is bound to; for a cluster that is still to be registered, the id it will have. */
  readonly clusterId: string;
  /** SQL to that cluster. Throws `NOT_FOUND` when it is not registered, besides what the port throws. */
  readonly sql: SqlReader;
  /**
   * SQL to one frontend as somebody else than the cluster's own user, over connections without TLS: for a frontend that has
   * just come into being.
   */
  readonly sqlAs: (login: SqlLogin) => SqlReader;
  /** A shell on an attached host, by host id. */
  readonly shell: (hostId: string) => Promise<ShellReader>;
  /** An attached node. */
  readonly node: (node: NodeRef) => Promise<NodeReader>;
  readonly http: NodeHttp;
  /**
   * The objects of a repository of that cluster, by the repository's name. Throws `NOT_FOUND` when it is not under
   * management, and `OBJECT_STORE_NO_ACCESS` when only StarRocks itself reaches it.
   */
  readonly objects: (repository: string) => Promise<ObjectReader>;
  /** The same by a place, recorded or not: for repositories that are still to be created. */
  readonly objectsAt: (place: StorePlace) => Promise<ObjectReader>;
  readonly inventory: Inventory;
  /** What Starwarden has stored about backups. */
  readonly catalogue: BackupCatalogue;
  /** Release archives as this process sees them. */
  readonly archives: Archives;
  readonly signal: AbortSignal;
  readonly now: () => Date;
};
