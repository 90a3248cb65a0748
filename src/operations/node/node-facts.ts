import { readRoutineLoads } from '../../adapters/http/read-query-stats.ts';
import type { Reading } from '../../adapters/reading.ts';
import { askHosts, type HostAnswer } from '../../adapters/ssh/read-host-facts.ts';
import { readRunningJobs } from '../../adapters/starrocks/read-jobs.ts';
import { countSingleReplicaTables } from '../../adapters/starrocks/read-replicas.ts';
import { readRunningQueries } from '../../adapters/starrocks/read-running-queries.ts';
import { readTabletHealth } from '../../adapters/starrocks/read-tablet-health.ts';
import {
  problemsIn,
  readRunMode,
  readTopology,
  type Topology,
  toObservedNodes,
} from '../../adapters/starrocks/read-topology.ts';
import { readRunningWork } from '../../adapters/starrocks/read-work.ts';
import type { ClusterNode, ObservedNode } from '../../domain/cluster.ts';
import { findSameNode, nodeLabel } from '../../domain/node-identity.ts';
import type { Asked, FrontendImage, NodeFacts, NodeOnHost, UpgradeNode } from '../../domain/upgrade/checks-facts.ts';
import type { ReleaseSource } from '../../domain/upgrade/release.ts';
import { AppError } from '../../errors.ts';

/** Hosts are asked as a whole: each tells about all of its nodes in one go, so no port to a single node is needed. */
export type NodeReading = Pick<Reading, 'clusterId' | 'sql' | 'shell' | 'http' | 'inventory' | 'signal' | 'now'>;

/** No single question may use up the time of all others: a plan has to be made within 25 s. */
const longestMs = 12_000;

/**
 * A cluster, its nodes and their hosts, as every operation has to know them that takes nodes away and brings them back;
 * read at the same time as far as possible. Throws only when the cluster itself does not answer, or when Starwarden's own
 * database does not. `source` = where an archive comes from, if there is one. `only` = ask the hosts of these nodes, by id.
 */
export async function readNodeFacts(
  looking: NodeReading,
  { source = null, only = null }: { source?: ReleaseSource | null; only?: readonly string[] | null } = {},
): Promise<NodeFacts> {
  const { clusterId, sql, inventory, signal } = looking;
  const [topology, runMode, cluster, known, hosts] = await Promise.all([
    readTopology(sql, { signal }),
    ask(looking, (call) => readRunMode(sql, call)),
    inventory.findCluster(clusterId),
    inventory.listNodes(clusterId),
    inventory.listHosts(clusterId),
  ]);
  const observed = toObservedNodes(topology);
  const attached = observed.flatMap((node) => findSameNode(known, node) ?? []);
  const asked = attached.filter(({ id, deployDir }) => deployDir !== null && (only === null || only.includes(id)));
  const [answers, aboutCluster] = await Promise.all([
    askHosts(
      hosts
        .map((host) => ({ ...host, nodes: asked.filter((node) => node.hostId === host.id) }))
        .filter(({ nodes }) => nodes.length > 0),
      { ...looking, source },
    ),
    readCluster(topology, looking),
  ]);
  return {
    now: looking.now(),
    clusterName: cluster?.name ?? 'the cluster',
    runMode: ('value' in runMode ? runMode.value : null) ?? cluster?.runMode ?? null,
    listProblems: problemsIn(topology),
    nodes: observed.map((node) => toUpgradeNode(node, { known, topology, answers })),
    hosts: answers.map(({ host }) => host),
    ...aboutCluster,
  };
}

type AboutCluster = Pick<
  NodeFacts,
  'replicas' | 'singleReplicaTables' | 'backupJobs' | 'work' | 'routineLoads' | 'runningQueries' | 'images'
>;

async function readCluster({ frontends }: Topology, looking: NodeReading): Promise<AboutCluster> {
  const { sql, http } = looking;
  const alive = frontends.filter((row) => row.alive);
  const leader = alive.find(({ role }) => role === 'LEADER');
  const [replicas, singleReplicaTables, backupJobs, work, routineLoads, runningQueries, images] = await Promise.all([
    ask(looking, (call) => readTabletHealth(sql, call)),
    ask(looking, (call) => countSingleReplicaTables(sql, call)),
    ask(looking, (call) => readRunningJobs(sql, call)),
    ask(looking, (call) => readRunningWork(sql, call)),
    ask(looking, (call) => readRoutineLoads(http, orThrow(leader), call)),
    ask(looking, (call) =>
      readRunningQueries(
        sql,
        alive.map(({ host, queryPort }) => ({ host, port: queryPort })),
        call,
      ),
    ),
    Promise.all(alive.map((row) => readImage(row, looking))),
  ]);
  return { replicas, singleReplicaTables, backupJobs, work, routineLoads, runningQueries, images };
}

/** Throws when an answer lacks this value, although the question was answered. */
function orThrow<T>(value: T | null | undefined): T {
  if (value !== null && value !== undefined) return value;
  throw new AppError('SQL_FAILED', 'The cluster did not tell it');
}

async function readImage(
  { host, httpPort, editLogPort: port }: Topology['frontends'][number],
  looking: NodeReading,
): Promise<FrontendImage> {
  const image = await ask(looking, async (call) => {
    const { journalId, checkpointJournalId, checkpointAt } = await looking.http.frontendHa({ host, httpPort }, call);
    return { journalId, checkpointJournalId: orThrow(checkpointJournalId), checkpointAt };
  });
  return { label: nodeLabel({ kind: 'FRONTEND', host, port }), image };
}

type Sources = {
  readonly known: readonly ClusterNode[];
  readonly topology: Topology;
  readonly answers: readonly HostAnswer[];
};

function toUpgradeNode(node: ObservedNode, { known, topology, answers }: Sources): UpgradeNode {
  const row = findSameNode(known, node);
  const isRow = (each: { host: string; heartbeatPort: number }) =>
    each.host === node.host && each.heartbeatPort === node.port;
  const backend = node.kind === 'BACKEND' ? topology.backends.find(isRow) : undefined;
  const worker = backend ?? (node.kind === 'COMPUTE_NODE' ? topology.computeNodes.find(isRow) : undefined);
  return {
    ...node,
    label: nodeLabel(node),
    id: row?.id ?? null,
    hostId: row?.hostId ?? null,
    deployDir: row?.deployDir ?? null,
    unit: row?.unit ?? null,
    workerId: worker?.id ?? null,
    location: backend?.location ?? null,
    runningQueries: worker?.runningQueries ?? null,
    onHost: row === undefined ? null : onHostOf(row, answers),
  };
}

function onHostOf({ id, hostId }: ClusterNode, answers: readonly HostAnswer[]): Asked<NodeOnHost> | null {
  return answers.find(({ host }) => host.hostId === hostId)?.nodes.get(id) ?? null;
}

/**
 * An answer, or why there is none. An error that is no AppError is a bug, and cancelling is the caller's own wish: both
 * are thrown.
 */
export async function ask<T>(
  { signal }: Pick<NodeReading, 'signal'>,
  read: (call: { signal: AbortSignal }) => Promise<T>,
): Promise<Asked<T>> {
  const limit = AbortSignal.timeout(longestMs);
  try {
    return { value: await read({ signal: AbortSignal.any([signal, limit]) }) };
  } catch (error) {
    if (!(error instanceof AppError) || signal.aborted) throw error;
    if (error.code === 'CANCELED' && limit.aborted) return { failed: `no answer within ${longestMs / 1_000} s` };
    return { failed: error.message };
  }
}
