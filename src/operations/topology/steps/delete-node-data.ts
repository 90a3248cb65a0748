import { deleteInDataDir, readDataDir } from '../../../adapters/ssh/data-dirs.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { Check } from '../../../domain/next-action.ts';
import { purgeConflicts, whyOtherwise } from '../../../domain/topology-change/purge.ts';
import { count } from '../../../domain/words.ts';
import { AppError } from '../../../errors.ts';
import { defineStep, type ReadingPorts, type StepContext } from '../../../steps/define.ts';
import { lookAroundLeft } from './around-left.ts';
import { dirOf, type LeftNodeParams, leftNode, leftNodeOf } from './left-node.ts';

type Blocked = Extract<Check, { state: 'blocked' }>;

/** A command that deletes ends after so long and is sent again, so that a lost worker leaves none at work for long. */
const pieceSeconds = 30;
const countSeconds = 1_800;

const blocked = (message: string, code: Blocked['code'] = 'PRECONDITION_FAILED'): Blocked => ({
  state: 'blocked',
  code,
  message,
  hint: 'Nothing was deleted by this try. Look at the machine, then ask for the purge again.',
});

/**
 * Empties the directories of a node that has left. Everything that speaks against it is asked again before each try, and
 * what lies there is counted again; on the host itself it is asked once more before each piece.
 */
export const deleteNodeData = defineStep({
  kind: 'deleteNodeData',
  params: leftNode,
  about: ({ hostId, hostAddress }) => ({ kind: 'host', id: hostId, label: hostAddress }),
  effect: 'changes',
  ports: ['sql', 'shell', 'inventory'],
  timeoutMs: 24 * 3_600_000,
  repeat: 'safe', // what is gone is not deleted again, and what is left is looked at before
  abortable: true,
  describe: ({ label, hostAddress, dirs }) =>
    dirs.length === 0
      ? `Record that nothing of ${label} is left on ${hostAddress}`
      : `Delete what ${label} has left on ${hostAddress}: ${dirs.map(({ path }) => path).join(', ')}`,
  check: async (node, ports, context) => {
    const record = (await ports.inventory.listRemovedNodes(context.clusterId)).find(
      ({ id }) => id === node.removedNodeId,
    );
    if (record === undefined) return blocked(`Nobody remembers any more that ${node.label} has left`);
    if (record.purgedAt !== null) return { state: 'done' };
    return (await whyNotNow(node, ports, context)) ?? lookInside(node, ports, context);
  },
  apply: async (node, { shell }, { signal, log }) => {
    const host = await shell(node.hostId);
    for (const dir of node.dirs) {
      const target = { ...dirOf(leftNodeOf(node), dir), identity: dir.identity };
      while ((await deleteInDataDir(host, target, { seconds: pieceSeconds, signal })) === 'more')
        log(`Deleting in ${dir.path} goes on`);
      log(`${dir.path} is empty`);
    }
    for (const dir of node.dirs) {
      const seen = await readDataDir(host, dirOf(leftNodeOf(node), dir), { seconds: countSeconds, signal });
      if (seen.state !== 'empty')
        throw new AppError('PRECONDITION_FAILED', `Something has appeared in ${dir.path} meanwhile`, {
          hint: 'Look at it on its host.',
        });
    }
    return { state: 'done', records: [{ record: 'nodePurged', removedNodeId: node.removedNodeId }] };
  },
  undo: { impossible: 'Deleted data cannot be brought back' },
});

/** What forbids it, going by the cluster, the inventory and the machine; null = nothing does. */
async function whyNotNow(
  node: LeftNodeParams,
  { sql, inventory, shell }: ReadingPorts<'sql' | 'inventory' | 'shell'>,
  { clusterId, signal }: StepContext,
): Promise<Blocked | null> {
  const host = await inventory.findHost(node.hostId);
  if (host === null || host.clusterId !== clusterId)
    return blocked(`The host of ${node.label} is not attached any more`, 'CREDENTIAL_MISSING');
  const nodes = toObservedNodes(await readTopology(sql, { signal }));
  const again = nodes.find((each) => each.host === node.host && each.port === node.port);
  if (again !== undefined) return blocked(`${node.label} is in the cluster again`);
  const left = leftNodeOf(node);
  const around = await lookAroundLeft(left, host, { inventory, shell, signal });
  const [conflict] = purgeConflicts(left, node.alsoBinaries, around);
  return conflict === undefined ? null : blocked(conflict.message, conflict.code);
}

/** Whether the directories are still what was looked at for the plan. */
async function lookInside(
  node: LeftNodeParams,
  { shell }: ReadingPorts<'shell'>,
  { signal, attempts }: StepContext,
): Promise<Check> {
  const host = await shell(node.hostId);
  let isLeft = false;
  for (const dir of node.dirs) {
    const seen = await readDataDir(host, dirOf(leftNodeOf(node), dir), { seconds: countSeconds, signal });
    if (seen.state === 'busy')
      return {
        state: 'moving',
        progress: { completed: 0, total: null, message: `An earlier deletion in ${dir.path} is still at work` },
        wakeAfterMs: 1_000,
      };
    if (seen.state === 'unsafe') return blocked(seen.why);
    if (seen.state === 'empty') {
      if (attempts === 0 && !seen.hasBegun)
        return blocked(`${dir.path} is empty or not there now: somebody has deleted it, or its disk is not mounted`);
      isLeft ||= seen.hasBegun;
      continue;
    }
    isLeft = true;
    const why = whyNotInside(dir, seen);
    if (why !== null) return blocked(why);
  }
  if (isLeft) return { state: 'todo' };
  return { state: 'done', records: [{ record: 'nodePurged', removedNodeId: node.removedNodeId }] };
}

function whyNotInside(
  dir: LeftNodeParams['dirs'][number],
  seen: Extract<Awaited<ReturnType<typeof readDataDir>>, { state: 'full' }>,
): string | null {
  if (seen.other !== null) return `${seen.other} belongs to another node`;
  if (!seen.isWhole) return `What lies in ${dir.path} could not be counted in ${count(countSeconds, 'second')}`;
  if (seen.identity === null && !seen.hasBegun) return `Nothing in ${dir.path} says whose it is any more`;
  if (seen.identity !== null && seen.identity !== dir.identity)
    return `${dir.path} belongs to ${seen.identity} now, and belonged to ${dir.identity}`;
  const why = whyOtherwise(dir, seen, seen.hasBegun);
  return why === null ? null : `${dir.path} is not what was looked at: ${why}`;
}
