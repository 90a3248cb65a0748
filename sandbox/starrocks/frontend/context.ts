import type { Conf } from '../conf.ts';
import type { Faults } from '../faults.ts';
import type { Result } from '../mysql/packets.ts';
import type { NodeLog } from '../node-log.ts';
import type { ObjectStores } from '../object-store.ts';
import type { Pace } from '../pace.ts';
import type { Release } from '../release.ts';
import type { LiveJob } from './backup/jobs.ts';
import type { FrontendConfig } from './config.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { Connections } from './connections.ts';
import type { Schedule } from './data/schedule-log.ts';
import type { Group } from './meta/group.ts';
import type { Image } from './meta/journal.ts';
import type { JobStatus } from './meta/state.ts';
import type { FrontendMetrics } from './metrics.ts';
import type { Collections } from './metrics-page/jvm.ts';
import type { Transaction } from './transactions.ts';

export type SelfNode = {
  name: string;
  host: string;
  editLogPort: number;
  httpPort: number;
  rpcPort: number;
  queryPort: number;
  startedAt: number;
};

/** What the parts of one frontend process share. */
export type FrontendContext = {
  home: string;
  hostType: 'IP' | 'FQDN';
  conf: Conf;
  release: Release;
  pace: Pace;
  log: NodeLog;
  faults: Faults;
  self: SelfNode;
  group: Group;
  config: FrontendConfig;
  connections: Connections;
  /** What this frontend keeps open to other frontends for statements it passes on. */
  leaderPool: ConnectionPool;
  stores: ObjectStores;
  jobs: JobRunner;
  metrics: FrontendMetrics;
  collections: Collections;
  /** The journal entry that was the last one when this process started. */
  appliedAtStart: number;
  /** What runs on the leader now; gone with the process. */
  transactions: Map<number, Transaction>;
  /** The last image of this frontend, for SHOW_HA; -1 and 0 before the first. */
  checkpoint: { version: number; at: number };
  /** Repository problems seen by this frontend: the ErrMsg of SHOW REPOSITORIES is per frontend. */
  repositoryErrors: Map<number, string>;
  /** Tablets (`backend.tablet`) that a report named and no table owns; dropped when a second report names them. */
  orphans: Set<string>;
  /** BACKEND BLACKLIST of this frontend, with the time of each entry. */
  avoidedBackends: Map<number, number>;
  /** What the checker of this frontend found and what became of it. */
  schedule: Schedule;
  /** True from SIGUSR1 on: health checks and metrics answer 500, and connections that do nothing are closed. */
  leaving: boolean;
};

/** Runs the backup and restore jobs of the cluster on the leader, one state a round. */
export type JobRunner = {
  /** Null on a follower, and for a database without a job. */
  live(dbId: number): LiveJob | null;
  round(fe: FrontendContext): Promise<void>;
  cancel(fe: FrontendContext, dbId: number, status: JobStatus): Promise<void>;
};

/** What frontends ask each other on the rpc_port. */
export type FrontendCalls = {
  execute: [ForwardRequest, ForwardReply];
  setConfig: [{ key: string; value: string; persistent: boolean; user: string }, { changed: boolean }];
  processList: [{ full: boolean }, { rows: ProcessRow[] }];
  killQuery: [{ queryId: string }, { killed: boolean }];
  pushImage: [Image, null];
};

export type ProcessRow = { user: string; cells: (string | null)[] };
export type ForwardRequest = {
  text: string;
  user: string;
  userHost: string;
  remote: string;
  db: string | null;
  roles: string[];
  variables: [string, string][];
  hops: number;
  /** The version of the frontend that the client is connected to. */
  release: string;
};
export type ForwardReply = {
  outcome: { ok: true; result: Result } | { ok: false; code: number; sqlState: string; message: string };
  journalId: number;
};
