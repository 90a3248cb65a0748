import { setTimeout as sleep } from 'node:timers/promises';
import type { ObservedNode } from '../../domain/cluster.ts';
import {
  type BackendRow,
  type ComputeNodeRow,
  type FrontendRow,
  hasLeader,
  remnantProblem,
  separateRemnants,
  type WorkerRow,
} from '../../domain/topology.ts';
import { parseBackends, parseComputeNodes, parseFrontendConfig, parseFrontends } from './parse.ts';
import type { SqlCall, SqlReader } from './port.ts';
import { adminShowFrontendConfig, showBackends, showComputeNodes, showFrontends } from './statements.ts';

export type Topology = {
  /** One frontend for each address; other rows with the same address are remnants. */
  readonly frontends: readonly FrontendRow[];
  readonly remnants: readonly FrontendRow[];
  readonly backends: readonly BackendRow[];
  readonly computeNodes: readonly ComputeNodeRow[];
};

/** How long to ask again while no frontend leads, and the clock to use for that. */
export type LeaderPatience = {
  readonly waitMs: number;
  readonly everyMs: number;
  readonly clock: { now(): number; sleep(ms: number, signal: AbortSignal | undefined): Promise<unknown> };
};

const longestWaitMs = 15_000;
/** The part of a caller's time that may be spent on waiting. */
const patienceShare = 0.6;

const systemClock: LeaderPatience['clock'] = {
  now: () => performance.now(),
  // A caller that cancels meanwhile gets its error from the next question.
  sleep: (ms, signal) => sleep(ms, undefined, { ...(signal && { signal }), ref: false }).catch(() => undefined),
};

/**
 * What the cluster says about its own nodes; any frontend forwards the question to the leader. During a hand-over of
 * leadership every frontend shows no leader for 1 to 5 s: it asks again for at most 15 s, and only then answers without a
 * leader.
 */
export async function readTopology(
  sql: SqlReader,
  call: SqlCall = {},
  patience: Partial<LeaderPatience> = {},
): Promise<Topology> {
  const rows = await readFrontends(sql, call, {
    waitMs: Math.min(longestWaitMs, (call.timeoutMs ?? Number.POSITIVE_INFINITY) * patienceShare),
    everyMs: 500,
    clock: systemClock,
    ...patience,
  });
  const { current, remnants } = separateRemnants(rows);
  const backends = parseBackends(await sql.query(showBackends(), call));
  const computeNodes = parseComputeNodes(await sql.query(showComputeNodes(), call));
  return { frontends: current, remnants, backends, computeNodes };
}

async function readFrontends(
  sql: SqlReader,
  call: SqlCall,
  { waitMs, everyMs, clock }: LeaderPatience,
): Promise<FrontendRow[]> {
  const until = clock.now() + waitMs;
  for (;;) {
    const rows = parseFrontends(await sql.query(showFrontends(), call));
    if (hasLeader(rows) || clock.now() + everyMs > until) return rows;
    await clock.sleep(everyMs, call.signal);
  }
}

/** What is wrong with the list of nodes itself, as sentences. */
export function problemsIn({ remnants }: Topology): string[] {
  return remnants.map(remnantProblem);
}

/** `shared_nothing` or `shared_data`; null when the user may not ask (ADMIN needs OPERATE) or the answer is empty. */
export async function readRunMode(sql: SqlReader, call: SqlCall = {}): Promise<string | null> {
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
      location: row.location,
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
    location: null,
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
    location: null,
  };
}
