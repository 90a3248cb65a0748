import type { ObservedNode } from '../../domain/cluster.ts';
import type { BackendRow, ComputeNodeRow, FrontendRow, WorkerRow } from '../../domain/topology.ts';
import { parseBackends, parseComputeNodes, parseFrontendConfig, parseFrontends } from './parse.ts';
import type { SqlCall, StarRocksSql } from './port.ts';
import { adminShowFrontendConfig, showBackends, showComputeNodes, showFrontends } from './statements.ts';

export type Topology = {
  readonly frontends: readonly FrontendRow[];
  readonly backends: readonly BackendRow[];
  readonly computeNodes: readonly ComputeNodeRow[];
};

/** What the cluster says about its own nodes; any frontend forwards the question to the leader. */
export async function readTopology(sql: StarRocksSql, call: SqlCall = {}): Promise<Topology> {
  const frontends = parseFrontends(await sql.query(showFrontends(), call));
  const backends = parseBackends(await sql.query(showBackends(), call));
  const computeNodes = parseComputeNodes(await sql.query(showComputeNodes(), call));
  return { frontends, backends, computeNodes };
}

/** `shared_nothing` or `shared_data`; null when the user may not ask (ADMIN needs OPERATE) or the answer is empty. */
export async function readRunMode(sql: StarRocksSql, call: SqlCall = {}): Promise<string | null> {
  const rows = parseFrontendConfig(await sql.query(adminShowFrontendConfig('run_mode'), call));
  return rows.find((row) => row.key === 'run_mode')?.value ?? null;
}

/** The rows of the three statements in one shape, as the inventory keeps them. */
export function toObservedNodes(topology: Topology): ObservedNode[] {
  return [
    ...topology.frontends.map(fromFrontend),
    ...topology.backends.map((row) => ({
      ...fromWorker(row, 'BACKEND'),
      tabletCount: row.tabletCount,
      maxDiskUsedPercent: row.maxDiskUsedPercent,
      ...(row.unreadDiskUse === undefined ? {} : { unreadDiskUse: row.unreadDiskUse }),
    })),
    ...topology.computeNodes.map((row) => ({ ...fromWorker(row, 'COMPUTE_NODE'), tabletCount: row.tabletCount })),
  ];
}

function fromFrontend(row: FrontendRow): ObservedNode {
  return {
    kind: 'FRONTEND',
    host: row.host,
    port: row.editLogPort,
    httpPort: row.httpPort,
    queryPort: row.queryPort === 0 ? null : row.queryPort,
    role: row.role,
    alive: row.alive,
    decommissioning: false,
    version: row.version?.text ?? null,
    startedAt: row.startedAt,
    tabletCount: null,
    maxDiskUsedPercent: null,
    errorMessage: row.errorMessage,
  };
}

function fromWorker(row: WorkerRow, kind: 'BACKEND' | 'COMPUTE_NODE'): ObservedNode {
  return {
    kind,
    host: row.host,
    port: row.heartbeatPort,
    httpPort: row.httpPort,
    queryPort: null,
    role: null,
    alive: row.alive,
    decommissioning: row.decommissioning,
    version: row.version?.text ?? null,
    startedAt: row.startedAt,
    tabletCount: null,
    maxDiskUsedPercent: null,
    errorMessage: row.errorMessage,
  };
}
