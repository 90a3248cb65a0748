import type { Alert } from '../../domain/alert.ts';
import { type HidingFacts, type HidingWork, runIdOf } from '../../domain/alert-hidings.ts';
import type { MaintenanceWindow } from '../../domain/calendar.ts';
import type { Cluster, ClusterNode, StoppedNode } from '../../domain/cluster.ts';
import { nodeLabel } from '../../domain/node-identity.ts';
import type { Run } from '../../domain/run.ts';
import type { Silence } from '../../domain/silence.ts';
import type { Reader } from '../database.ts';
import { openAlertsOfClusters } from './alerts.ts';
import { nodesOfClusters } from './clusters.ts';
import { covering, openSilences } from './covering-silences.ts';
import { hidingOver, hidingWindows } from './hiding-windows.ts';
import { plannedWorkOfClusters } from './planned-work.ts';
import { findVisibleRuns } from './runs.ts';
import { stoppedNodesOfClusters } from './stopped-nodes.ts';
import type { Visibility } from './visibility.ts';

/** How a caller reads what hides alerts: straight from the database, or through loaders. Silences and runs as far as they may be seen. */
export type HidingReads = {
  readonly openAlerts: (clusterId: string) => Promise<readonly Alert[]>;
  readonly nodes: (clusterId: string) => Promise<readonly ClusterNode[]>;
  readonly plannedWork: (clusterId: string) => Promise<readonly PlannedWork[]>;
  readonly stoppedNodes: (clusterId: string) => Promise<readonly StoppedNode[]>;
  readonly silences: (at: Date) => Promise<readonly Silence[]>;
  /** The maintenance windows that hide alerts, open or not. */
  readonly windows: () => Promise<readonly MaintenanceWindow[]>;
  readonly run: (id: string) => Promise<Run | null>;
};

type PlannedWork = Awaited<ReturnType<typeof plannedWorkOfClusters>>[number];

/** What hides alerts of a cluster at this time, which the caller has read with their rights. */
export async function readHidings(
  reads: HidingReads,
  { id, environment }: Pick<Cluster, 'id' | 'environment'>,
  at: Date,
): Promise<HidingFacts> {
  const [alerts, nodes, work, stopped, silences, windows] = await Promise.all([
    reads.openAlerts(id),
    reads.nodes(id),
    reads.plannedWork(id),
    reads.stoppedNodes(id),
    reads.silences(at),
    reads.windows(),
  ]);
  const labels = new Map(nodes.map((node) => [node.id, nodeLabel(node)]));
  const known = await Promise.all(
    work.map(async ({ runId, runNumber, nodeId }): Promise<HidingWork> => {
      const run = await reads.run(runId);
      const about = { runId, runNumber, nodeId, nodeLabel: labels.get(nodeId) ?? 'a node' };
      const { summary = null } = run?.plan ?? {};
      return { ...about, title: summary, byName: run?.requestedByName ?? null, startedAt: run?.startedAt ?? null };
    }),
  );
  const hiding = await Promise.all([...new Set(alerts.flatMap((alert) => runIdOf(alert) ?? []))].map(reads.run));
  const runNumbers = new Map(hiding.flatMap((run) => (run === null ? [] : [[run.id, run.number] as const])));
  const place = { clusterId: id, environment, at };
  return {
    ...{ alerts, stopped, runNumbers, work: known },
    ...{ silences: covering(silences, place), windows: hidingOver(windows, place) },
  };
}

/** Reads from the database for somebody who sees this. */
export function hidingReads(db: Reader, visibility: Visibility): HidingReads {
  return {
    openAlerts: (id) => openAlertsOfClusters(db, [id]),
    nodes: (id) => nodesOfClusters(db, [id]),
    plannedWork: (id) => plannedWorkOfClusters(db, { clusterIds: [id], windowMs: 0 }),
    stoppedNodes: (id) => stoppedNodesOfClusters(db, [id]),
    silences: (at) => openSilences(db, { at, visibility }),
    windows: () => hidingWindows(db, { visibility }),
    run: async (id) => (await findVisibleRuns(db, { visibility, ids: [id] }))[0] ?? null,
  };
}
