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
import { archiveFactsOf } from '../../domain/upgrade/checks-archive.ts';
import type {
  ArchiveFacts,
  Asked,
  FrontendImage,
  NodeOnHost,
  UpgradeFacts,
  UpgradeNode,
} from '../../domain/upgrade/checks-facts.ts';
import { remoteProblems } from '../../domain/upgrade/checks-release.ts';
import type { Release } from '../../domain/upgrade/release.ts';
import { AppError } from '../../errors.ts';

/** Hosts are asked as a whole: each tells about all of its nodes in one go, so no port to a single node is needed. */
export type UpgradeReading = Pick<
  Reading,
  'clusterId' | 'sql' | 'shell' | 'http' | 'inventory' | 'archives' | 'signal' | 'now'
>;

export type UpgradeQuestion = { readonly to: string };

/** No single question may use up the time of all others: a plan has to be made within 25 s. */
const longestMs = 12_000;

/**
 * Everything that the preflight needs to know, read at the same time as far as possible. Throws only when the cluster
 * itself does not answer, or when Starwarden's own database does not. `archive` = what was found when the archive was
 * read before; if it is null or left out, the archive is only looked at from outside.
 */
export async function readUpgradeFacts(
  { to }: UpgradeQuestion,
  looking: UpgradeReading,
  { archive = null }: { archive?: Asked<ArchiveFacts> | null } = {},
): Promise<UpgradeFacts> {
  const { clusterId, sql, inventory, signal } = looking;
  const [topology, runMode, cluster, known, hosts, release, newestBackupAt, openUpgrades] = await Promise.all([
    readTopology(sql, { signal }),
    ask(looking, (call) => readRunMode(sql, call)),
    inventory.findCluster(clusterId),
    inventory.listNodes(clusterId),
    inventory.listHosts(clusterId),
    inventory.findRelease(to),
    inventory.newestBackupAt(clusterId),
    inventory.listUpgradesToFinalize(clusterId),
  ]);
  const observed = toObservedNodes(topology);
  const attached = observed.flatMap((node) => findSameNode(known, node) ?? []);
  const [answers, aboutCluster, archiveFound] = await Promise.all([
    askHosts(
      hosts
        .map((host) => ({
          ...host,
          nodes: attached.filter((node) => node.hostId === host.id && node.deployDir !== null),
        }))
        .filter(({ nodes }) => nodes.length > 0),
      { ...looking, source: release?.source ?? null },
    ),
    readCluster(topology, looking),
    archive ?? (release === null ? null : lookAtArchive(release, looking)),
  ]);
  return {
    now: looking.now(),
    clusterName: cluster?.name ?? 'the cluster',
    to,
    release,
    archive: archiveFound,
    runMode: ('value' in runMode ? runMode.value : null) ?? cluster?.runMode ?? null,
    listProblems: problemsIn(topology),
    nodes: observed.map((node) => toUpgradeNode(node, { known, topology, answers })),
    hosts: answers.map(({ host }) => host),
    ...aboutCluster,
    newestBackupAt,
    openUpgrades,
  };
}

type AboutCluster = Pick<
  UpgradeFacts,
  'replicas' | 'singleReplicaTables' | 'backupJobs' | 'work' | 'routineLoads' | 'runningQueries' | 'images'
>;

async function readCluster({ frontends }: Topology, looking: UpgradeReading): Promise<AboutCluster> {
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
  looking: UpgradeReading,
): Promise<FrontendImage> {
  const image = await ask(looking, async (call) => {
    const { journalId, checkpointJournalId, checkpointAt } = await looking.http.frontendHa({ host, httpPort }, call);
    return { journalId, checkpointJournalId: orThrow(checkpointJournalId), checkpointAt };
  });
  return { label: nodeLabel({ kind: 'FRONTEND', host, port }), image };
}

/**
 * The archive, as far as there is time for it in a plan: what was found when it was fetched, else what can be seen from
 * outside.
 */
async function lookAtArchive(
  { source, sha256, version }: Release,
  looking: UpgradeReading,
): Promise<Asked<ArchiveFacts> | null> {
  const { archives } = looking;
  const { kind, location } = source;
  if (kind === 'ON_NODE') return null;
  return ask(looking, async (call) => {
    if (kind === 'PATH') return { ...unread, sizeBytes: await archives.sizeOf(location, call) };
    const stored = kind === 'URL' ? await archives.stored(sha256) : null;
    if (stored !== null) return archiveFactsOf(stored, version);
    const { status, sizeBytes } = await archives.head(location, call);
    return { ...unread, sizeBytes, problems: remoteProblems(location, status) };
  });
}

const unread = { sizeBytes: null, sha256: null, parts: null, problems: [] } as const satisfies ArchiveFacts;

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
async function ask<T>(
  { signal }: UpgradeReading,
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
