import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import type { PlanResult } from '../../../domain/plan.ts';
import { count } from '../../../domain/words.ts';
import type { EndedRun, PlannedStep } from '../../define.ts';
import { type NodeToStart, startLanes } from '../start-lanes.ts';
import { guardNode } from '../steps/guard-node.ts';
import { nodePlace } from '../steps/node-place.ts';
import { stopNode } from '../steps/power.ts';

const version = z.object({ version: z.string() });

/** The nodes that this run stopped: those that were down before stay as they were. */
export function stoppedBy(steps: readonly PlannedStep[]) {
  return steps.flatMap((step) => {
    const isStop = step.phase === 'do' && step.kind === stopNode.kind;
    if (!isStop || step.state === 'pending' || step.state === 'already' || step.state === 'skipped') return [];
    const guard = steps.find((other) => other.kind === guardNode.kind && other.lane?.name === step.lane?.name);
    const place = nodePlace.safeParse(guard?.params);
    const ran = version.parse(step.params).version;
    return place.success ? [{ ...place.data, version: ran === '' ? null : ran }] : [];
  });
}

/** Every node that the run was to stop, left out ones excepted. */
export function planned(steps: readonly PlannedStep[]) {
  return steps.flatMap((step) => {
    if (step.phase !== 'do' || step.kind !== guardNode.kind || step.state === 'skipped') return [];
    const place = nodePlace.safeParse(step.params);
    return place.success ? [place.data] : [];
  });
}

/** The opposite order of the stop: frontends first, side by side, then everybody who reports to them. */
export async function planStart(
  { inventory, clusterId }: Pick<Reading, 'inventory' | 'clusterId'>,
  run: EndedRun,
): Promise<PlanResult> {
  const [known, marks] = await Promise.all([inventory.listNodes(clusterId), inventory.listStoppedNodes(clusterId)]);
  const since = marks.filter(({ runId }) => runId !== run.runId);
  const mine = stoppedBy(run.steps);
  const others = since.filter(({ nodeId }) => mine.some((node) => node.nodeId === nodeId));
  if (others.length > 0) {
    const who = others.map(({ label, byName, runNumber }) => `${label} (${byName}, R-${runNumber})`).join(', ');
    return {
      refusals: [
        {
          code: 'PRECONDITION_FAILED',
          message: `Stopped again by others since: ${who}`,
          hint: 'They may have a reason of their own: ask them, then start the nodes that are meant with startNodes.',
        },
      ],
    };
  }
  const nodes = mine.map(
    (node): NodeToStart => ({ ...node, role: known.find(({ id }) => id === node.nodeId)?.role ?? null }),
  );
  return { summary: `${count(nodes.length, 'node')} started again`, steps: startLanes(nodes, 'Back: ') };
}
