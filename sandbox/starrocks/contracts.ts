import type { Cell } from './mysql/packets.ts';

export type Disk = {
  path: string;
  totalBytes: number;
  availableBytes: number;
  usedBytes: number;
  pathHash: string;
  medium: 'HDD' | 'SSD';
  tabletNum: number;
};

/** What a leader asks a backend or compute node on its heartbeat_service_port. */
export type HeartbeatCalls = { heartbeat: [HeartbeatRequest, HeartbeatReply] };
export type HeartbeatRequest = {
  clusterId: string;
  token: string;
  backendHost: string;
  nodeType: 'BACKEND' | 'COMPUTE NODE';
  epoch: number;
};
export type HeartbeatReply =
  | { ok: false; error: string; shutdown: boolean }
  | {
      ok: true;
      version: string;
      bePort: number;
      httpPort: number;
      brpcPort: number;
      startedAt: number;
      cpuCores: number;
      memLimitBytes: number;
      runningQueries: number;
      memUsedShare: number;
      cpuUsedShare: number;
      maxCompactionScore: number;
      disks: Disk[];
    };

/** What frontends and other backends ask a backend on its be_port. A row is a list of cells in column order. */
export type BackendCalls = {
  createTablets: [{ tablets: TabletSchema[] }, null];
  dropTablets: [{ tabletIds: number[] }, null];
  listTablets: [Record<string, never>, { tablets: { tabletId: number; version: number }[] }];
  write: [{ tabletId: number; version: number; rows: Cell[][] }, { bytes: number }];
  scan: [{ tabletId: number; version: number }, { rows: Cell[][] }];
  readTablet: [{ tabletId: number; version: number }, { schema: TabletSchema; rowsets: Rowset[] }];
  clone: [{ tabletId: number; version: number; source: { host: string; port: number } }, { version: number }];
  startTask: [BackendTask, null];
  taskReport: [{ taskIds: string[] }, { reports: TaskReport[] }];
  releaseSnapshot: [{ path: string }, null];
  currentVersion: [Record<string, never>, { version: string }];
};
export type TabletSchema = {
  tabletId: number;
  schemaHash: number;
  /** Positions of the key columns; empty when rows are never merged. */
  mergeKeys: number[];
};
export type Rowset = { version: number; rows: Cell[][] };

/** Work that takes time; the leader asks for reports. A backend that restarted knows nothing of older tasks. */
export type BackendTask =
  | { kind: 'snapshot'; taskId: string; tabletId: number; version: number; timeoutSeconds: number }
  | {
      kind: 'upload';
      taskId: string;
      /** The properties of the repository, its keys among them. */
      properties: Record<string, string>;
      parts: { tabletId: number; snapshotPath: string; remotePath: string }[];
    }
  | {
      kind: 'download';
      taskId: string;
      properties: Record<string, string>;
      parts: { tabletId: number; remotePath: string; snapshotPath: string }[];
    }
  | { kind: 'move'; taskId: string; tabletId: number; snapshotPath: string; version: number };
export type TaskReport = {
  taskId: string;
  state: 'running' | 'done' | 'failed' | 'unknown';
  error: string;
  done: number;
  total: number;
  /** Of a snapshot: where it is and what it holds. Of an upload: the file names in the store by tablet. */
  snapshotPath: string;
  files: Record<string, string[]>;
};
