import type { StepSpec } from '../../domain/plan.ts';
import { backOf, powerOf } from './lane.ts';
import { awaitNode } from './steps/await-back.ts';
import type { NodePlace } from './steps/node-place.ts';
import { startNode } from './steps/power.ts';

/** A node to be started: its place, the version it ran, and whether it has a vote; null = a worker. */
export type NodeToStart = NodePlace & { readonly version: string | null; readonly role: string | null };

const workerWidth = 10;

/**
 * Frontends first, side by side, since none leads before a majority of them runs; then observers; then backends and
 * compute nodes, which have nobody to report to before that. Each is waited for until the cluster shows it alive.
 */
export function startLanes(nodes: readonly NodeToStart[], prefix = ''): StepSpec[] {
  const frontends = nodes.filter(({ kind }) => kind === 'FRONTEND');
  const stages = [
    { stage: `${prefix}Frontends`, nodes: frontends.filter(({ role }) => role !== 'OBSERVER'), width: 50 },
    { stage: `${prefix}Observers`, nodes: frontends.filter(({ role }) => role === 'OBSERVER'), width: 50 },
    {
      stage: `${prefix}Backends and compute nodes`,
      nodes: nodes.filter(({ kind }) => kind !== 'FRONTEND'),
      width: workerWidth,
    },
  ];
  return stages.flatMap(({ stage, nodes: own, width }) =>
    own.flatMap((node) => {
      const lane = { stage, name: node.label, width: Math.min(width, own.length) };
      return [startNode.with(powerOf(node, node), lane), awaitNode.with(backOf(node, node), lane)];
    }),
  );
}
