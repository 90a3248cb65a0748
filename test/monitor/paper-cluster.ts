import { setTimeout as sleep } from 'node:timers/promises';
import type { MetricSample } from '../../src/adapters/http/metrics-page.ts';
import { NoGreeting } from '../../src/adapters/starrocks/classify.ts';
import type { SqlRoute, SqlRow } from '../../src/adapters/starrocks/port.ts';
import { AppError } from '../../src/errors.ts';
import type { ProbeReading } from '../../src/monitor/read-parts.ts';

export type PaperNode = { host: string; alive: boolean; httpIsSilent?: boolean; neverUp?: boolean };

/** A cluster on paper: what its nodes are like, and why it does not answer. A test changes it as it goes. */
export type PaperCluster = {
  frontends: PaperNode[];
  backends: PaperNode[];
  computeNodes: PaperNode[];
  leader: string;
  failure: unknown;
  /** Addresses of frontends that accept connections and send no greeting. */
  mute: Set<string>;
  answersAfterMs: number;
  /** What the metrics pages of nodes say, by the node's address; one that is missing sends a page without any. */
  pages: Map<string, readonly MetricSample[]>;
  /** Looks that began. */
  looks: number;
  /** How many questions are answered now, and at most so far; clusters may share it. */
  crowd: { now: number; most: number };
};

export function paperCluster(): PaperCluster {
  const nodes = (...hosts: string[]): PaperNode[] => hosts.map((host) => ({ host, alive: true }));
  return {
    frontends: nodes('10.0.0.1', '10.0.0.2', '10.0.0.3'),
    backends: nodes('10.0.0.11', '10.0.0.12', '10.0.0.13'),
    computeNodes: [],
    leader: '10.0.0.1',
    failure: null,
    mute: new Set(),
    pages: new Map(),
    answersAfterMs: 0,
    looks: 0,
    crowd: { now: 0, most: 0 },
  };
}

/** Ports that answer for the cluster. */
export function portsOf(cluster: PaperCluster): Pick<ProbeReading, 'sql' | 'objects' | 'shell' | 'http'> {
  const rowsFor: Record<string, () => SqlRow[]> = {
    'show-frontends': () => cluster.frontends.map((node) => frontendRow(node, cluster.leader)),
    'show-backends': () =>
      cluster.backends.map((node) => ({ ...workerRow(node), BackendId: '10001', TabletNum: '412' })),
    'show-compute-nodes': () => cluster.computeNodes.map((node) => ({ ...workerRow(node), ComputeNodeId: '10009' })),
  };
  const ask = async (name: string, route: SqlRoute | undefined, signal: AbortSignal | undefined): Promise<SqlRow[]> => {
    // Each frontend is asked for itself whether it greets: no question to the cluster, and not counted.
    if (name !== 'version-comment' || typeof route !== 'object') return query(name, signal);
    if (cluster.mute.has(route.host))
      throw new NoGreeting(
        'SQL_UNREACHABLE',
        `${route.host}:${route.port} accepts the connection and sends no greeting`,
        {
          retryable: true,
        },
      );
    return [{ version_comment: '3.3.15-6c9a3f1' }];
  };
  const query = async (name: string, signal: AbortSignal | undefined): Promise<SqlRow[]> => {
    if (name === 'show-frontends') cluster.looks += 1;
    const { crowd } = cluster;
    crowd.now += 1;
    crowd.most = Math.max(crowd.most, crowd.now);
    try {
      if (cluster.answersAfterMs > 0) await sleep(cluster.answersAfterMs, undefined, { signal });
    } catch (cause) {
      throw new AppError('CANCELED', `${name} was canceled`, { cause });
    } finally {
      crowd.now -= 1;
    }
    if (cluster.failure !== null) throw cluster.failure;
    const rows = rowsFor[name];
    if (rows === undefined) throw new Error(`nobody answers ${name}`);
    return rows();
  };
  const isSilent = (wanted: string) =>
    [...cluster.frontends, ...cluster.backends, ...cluster.computeNodes].some(
      ({ host, httpIsSilent }) => host === wanted && httpIsSilent === true,
    );
  return {
    sql: { query: (statement, call) => ask(statement.name, call?.route, call?.signal) },
    shell: async () => {
      throw new AppError('SSH_UNREACHABLE', 'there is no host on paper', { retryable: true });
    },
    objects: async () => {
      throw new AppError('OBJECT_STORE_NO_ACCESS', 'there is no store on paper');
    },
    http: {
      health: async ({ host, httpPort }) => {
        if (isSilent(host)) throw new AppError('HTTP_FAILED', `${host}:${httpPort} refused`);
        return true;
      },
      scrape: async ({ host, httpPort }) => {
        const cost = { bytes: 100, tookMs: 1 };
        const message = `${host}:${httpPort} refused`;
        if (isSilent(host)) return { kind: 'NO_PAGE', reason: 'UNREACHABLE', status: null, message, ...cost };
        const samples = cluster.pages.get(host) ?? [];
        const odd = { oddities: [], oddityCount: 0, impossibleUsers: [], impossibleUserCount: 0 };
        return { kind: 'PAGE', samples, ...odd, isCut: false, sampleLines: samples.length, ...cost };
      },
    },
  };
}

export const unreachable = () =>
  new AppError('SQL_UNREACHABLE', 'no frontend of the cluster answered', { retryable: true });

function frontendRow(node: PaperNode, leader: string): SqlRow {
  return {
    Name: `${node.host}_9010_1`,
    IP: node.host,
    EditLogPort: '9010',
    HttpPort: '8030',
    QueryPort: '9030',
    RpcPort: '9020',
    Role: node.host === leader ? 'LEADER' : 'FOLLOWER',
    ClusterId: '919351034',
    Join: 'true',
    Alive: String(node.alive),
    ReplayedJournalId: '1220',
    LastHeartbeat: '2026-03-01 12:00:00',
    ErrMsg: node.alive ? '' : 'Connection refused',
    StartTime: node.alive ? '2026-03-01 10:00:00' : 'NULL',
    Version: node.neverUp === true ? 'NULL' : '3.3.15-6c9a3f1',
  };
}

function workerRow(node: PaperNode): SqlRow {
  const neverUp = node.neverUp === true;
  return {
    IP: node.host,
    HeartbeatPort: '9050',
    BePort: neverUp ? '-1' : '9060',
    HttpPort: neverUp ? '-1' : '8040',
    BrpcPort: neverUp ? '-1' : '8060',
    LastStartTime: neverUp ? null : '2026-03-01 10:00:00',
    LastHeartbeat: neverUp ? null : '2026-03-01 12:00:00',
    Alive: String(node.alive),
    SystemDecommissioned: 'false',
    ErrMsg: node.alive ? '' : 'java.net.ConnectException: Connection refused',
    Version: neverUp ? '' : '3.3.15-6c9a3f1',
    MaxDiskUsedPct: '40.00 %',
  };
}
