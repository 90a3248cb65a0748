import type { Reading } from '../../../adapters/reading.ts';
import { nothingBlocks } from '../../../domain/end-checks.ts';
import { findSameNode } from '../../../domain/node-identity.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { found } from '../../../domain/verdict.ts';
import type { EndedRun } from '../../define.ts';
import { leavingIn, leftChecks, lookAtLeft, wellChecks } from '../steps/check-left.ts';
import type { DecommissionInput } from './input.ts';

/** Passes when every backend is out of the cluster and its process was seen to have ended, or was to be left alone. */
export async function checkDecommissioned(
  { clusterId }: DecommissionInput,
  reading: Reading,
  run: EndedRun,
): Promise<PostCheck> {
  const seen = await lookAtLeft(reading, { clusterId, runId: run.runId });
  const leaving = leavingIn(run.steps, 'drainBackend');
  const checks = [...leftChecks(leaving, seen), ...(await wellChecks(reading, seen.nodes))];
  return { passed: nothingBlocks(checks), checks, isSettling: true };
}

/** After a cancellation or a failure: is any of them still being decommissioned, and what has left all the same? */
export async function checkNotDecommissioning(
  { clusterId }: Pick<DecommissionInput, 'clusterId'>,
  reading: Reading,
  run: EndedRun,
): Promise<PostCheck> {
  const seen = await lookAtLeft(reading, { clusterId, runId: run.runId });
  const checks = leavingIn(run.steps, 'drainBackend').flatMap((node) => {
    const row = findSameNode(seen.nodes, node);
    if (row === undefined) return leftChecks([node], seen);
    return [
      found(`stays-${node.label.replaceAll(/[^a-z0-9]+/gi, '-')}`, 'BLOCK', !row.decommissioning, {
        observed: `${node.label} ${row.decommissioning ? 'is still being decommissioned' : 'stays, and is not being decommissioned'}`,
        wanted: 'not being decommissioned',
        hint: 'Stop it with cancelDecommission.',
      }),
    ];
  });
  const all = [...checks, ...(await wellChecks(reading, seen.nodes))];
  return { passed: nothingBlocks(all), checks: all, isSettling: true };
}
