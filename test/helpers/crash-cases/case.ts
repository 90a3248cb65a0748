import type { World } from '../../../sandbox/world/start-world.ts';
import type { Run } from '../../../src/domain/run.ts';
import type { KindPoint } from '../deaths.ts';
import type { Engine } from '../engine.ts';
import type { Managed } from '../world.ts';

/** How an operation is tried: what comes before each try, its input, and what it must have done, once. */
export type CrashCase = {
  prepare?: () => Promise<void>;
  input: () => Promise<Record<string, unknown>>;
  effects: (run: Run) => Promise<readonly string[]>;
  wanted: readonly string[];
  /**
   * For what takes too long to be done once for each point: one run, in which a worker dies at each of these points the
   * first time that it is come to.
   */
  deaths?: readonly KindPoint[];
};

/** What the cases of a family work with. */
export type CaseTools = {
  readonly world: World;
  readonly engine: Engine;
  readonly managed: Managed;
  clusterId(): string;
  /** No cluster is registered. */
  forgetAll(): Promise<void>;
  /** The cluster is registered. */
  ensureCluster(): Promise<void>;
  /** Every host of it is attached. */
  ensureAllAttached(): Promise<void>;
  /** The releases of the lab are in the catalogue. */
  ensureReleases(): Promise<void>;
  /** Statements (their first word) and scripts that changed something since the case was prepared. */
  changesSent(): Promise<readonly string[]>;
  /** The scripts among them. */
  changingCommands(): Promise<readonly string[]>;
  /** How many rows of a table hold that value. */
  count(table: CountedTable, column: string, value: string): Promise<number>;
};

export type CountedTable =
  | 'cluster'
  | 'host'
  | 'host_key'
  | 'check_report'
  | 'backup'
  | 'backup_verification'
  | 'repository';
