import type { Lane, StepSpec } from '../../domain/plan.ts';
import type { PlacedNode } from './placed-node.ts';
import { awaitNode } from './steps/await-back.ts';
import { awaitTablets } from './steps/await-tablets.ts';
import { guardNode } from './steps/guard-node.ts';
import type { NodePlace } from './steps/node-place.ts';
import { startNode, stopNode } from './steps/power.ts';
import { compareQueries, soak } from './steps/queries.ts';
import { keepSchedulingPaused } from './steps/scheduling.ts';

/** For how many seconds queries are watched, and by what factor they may be worse than before. */
export type Watch = { readonly seconds: number; readonly factor: number };

/** Where a lane stands: its stage, how many of them go at a time, and who may be away meanwhile (`host:port`). */
export type LaneAt = { readonly stage: string; readonly width: number; readonly mates: readonly string[] };

export type PowerLimits = {
  readonly graceful: boolean;
  readonly stopTimeoutSeconds: number;
  readonly gateTimeoutSeconds: number;
  /** `shared_nothing` or `shared_data`; null = not known, and backends count as holding tablets. */
  readonly runMode: string | null;
};

export type RestartLane = PowerLimits & {
  /** Tablet scheduling is paused for the run, and is to be so before this node goes. */
  readonly keepsPaused: boolean;
  /** Stops the node even if the cluster does not see it alive: that very node was asked for. */
  readonly maySilent: boolean;
  readonly watch: Watch | null;
  readonly soak: Watch | null;
  /** Nodes that were down before and are left so: `host:port`. */
  readonly leftDown: readonly string[];
};

/** Everything that a restart does to one node, as a lane of its stage. Names no process. */
export function restartLane(node: PlacedNode, at: LaneAt, options: RestartLane): StepSpec[] {
  const place = placeOf(node, options);
  const lane: Lane = { stage: at.stage, name: node.label, width: at.width };
  const { label, kind, hostId, deployDir, host, port, hasTablets, gateTimeoutSeconds } = place;
  const power = powerOf(place, node);
  const watched = { label, kind, hostId, deployDir, leftDown: [...options.leftDown] };
  return [
    guardNode.with(
      {
        ...place,
        mates: [...at.mates],
        ...{ workersOn: null, frontendsOn: null, maySilent: options.maySilent, counts: true },
      },
      lane,
    ),
    ...(options.keepsPaused ? [keepSchedulingPaused.with({ label }, lane)] : []),
    stopNode.with(
      {
        ...power,
        ...{ graceful: options.graceful, timeoutSeconds: options.stopTimeoutSeconds },
        // While scheduling is as people have it, a run has nothing to wait for that it may not change.
        back: { host, port, hasTablets: hasTablets && options.keepsPaused, gateTimeoutSeconds },
      },
      lane,
    ),
    startNode.with(power, lane),
    awaitNode.with(backOf(place, node), lane),
    ...(hasTablets && options.keepsPaused ? [awaitTablets.with({ label, gateTimeoutSeconds }, lane)] : []),
    ...(options.watch === null ? [] : [compareQueries.with({ ...watched, ...options.watch }, lane)]),
    ...(options.soak === null ? [] : [soak.with({ ...watched, ...options.soak }, lane)]),
  ];
}

/** A node and its place, as the steps of its lane know it. */
export function placeOf(node: PlacedNode, limits: PowerLimits): NodePlace {
  return {
    ...{ nodeId: node.id, label: node.label, kind: node.kind, host: node.host, port: node.port },
    ...{ hostId: node.hostId, deployDir: node.deployDir, unit: node.unit },
    stopTimeoutSeconds: limits.stopTimeoutSeconds,
    hasTablets: node.kind === 'BACKEND' && limits.runMode !== 'shared_data',
    gateTimeoutSeconds: limits.gateTimeoutSeconds,
  };
}

/** What is needed to stop and start it. */
export function powerOf(place: NodePlace, { version }: Pick<PlacedNode, 'version'>) {
  const { nodeId, label, kind, hostId, deployDir, unit } = place;
  return { nodeId, label, kind, hostId, deployDir, unit, version: version ?? '' };
}

/** What it has to be like to be back. */
export function backOf(place: NodePlace, { version }: Pick<PlacedNode, 'version'>) {
  const { nodeId, label, kind, host, port, hostId, deployDir, unit, gateTimeoutSeconds } = place;
  return {
    ...{ nodeId, label, kind, host, port, version, gateTimeoutSeconds },
    place: { hostId, deployDir, unit },
  };
}
