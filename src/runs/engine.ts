import type { Logger } from 'pino';
import type { Prometheus } from '../adapters/prometheus/port.ts';
import type { PrometheusSite } from '../domain/metrics/prometheus/site.ts';
import type { AnyOperation, Reading, Registration } from '../operations/define.ts';
import type { Ports } from '../steps/define.ts';
import type { Database } from '../store/database.ts';
import type { PendingSecret, SecretSettings } from '../store/secrets/secrets.ts';

/** The ways to clusters and hosts; bound to a cluster where it is asked for. */
export type Connections = {
  readonly portsFor: (clusterId: string) => Ports;
  readonly reading: (clusterId: string, signal: AbortSignal) => Reading;
  /** `pending`: secrets of an input that is not stored yet. */
  readonly registration: (pending: readonly PendingSecret[]) => Registration;
};

/** A Prometheus, and how this site has its clusters in it. */
export type HistoryElsewhere = { readonly prometheus: Prometheus; readonly site: PrometheusSite };

/** What every entry point and every worker needs to ask for runs, decide about them and drive them. */
export type Engine = {
  readonly db: Database;
  readonly log: Logger;
  readonly operations: ReadonlyMap<string, AnyOperation>;
  readonly connections: Connections;
  readonly secrets: SecretSettings;
  /** Environment labels whose clusters need other people's approval. */
  readonly approvalEnvironments: readonly string[];
  /** Where numbers of the past are read that it has; left out = there is none. */
  readonly prometheus?: HistoryElsewhere;
  readonly now: () => Date;
  /** The time by which schedules fire; left out = the database's. For labs in which weeks pass in minutes. */
  readonly scheduleTime?: () => Promise<Date>;
  /** Name of this process, unique among all of them. */
  readonly holder: string;
  readonly leaseMs: number;
  /** Wakes a worker for a run, now or after some milliseconds; may be lost. */
  readonly ring: (runId: string, delayMs?: number) => void;
  /** Tells everybody who watches that the run changed; may be lost. */
  readonly changed: (runId: string) => void;
  /** Called at each point between which a worker can die; for metrics, and for the tests that kill it there. */
  readonly observer?: (point: RunnerPoint) => void;
};

export type RunnerPoint = {
  readonly runId: string;
  readonly position: number;
  readonly kind: string;
  readonly at: 'before-record' | 'before-effect' | 'after-effect' | 'after-record';
};
