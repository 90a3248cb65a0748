import type { Reading } from '../../../adapters/reading.ts';
import { readDataDir } from '../../../adapters/ssh/data-dirs.ts';
import { nothingBlocks } from '../../../domain/end-checks.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { found, type NamedCheck } from '../../../domain/verdict.ts';
import type { EndedRun } from '../../define.ts';
import { deleteNodeData } from '../steps/delete-node-data.ts';
import { dirOf, type LeftNodeParams, leftNode, leftNodeOf } from '../steps/left-node.ts';
import type { PurgeNodeDataInput } from './input.ts';

const countSeconds = 20;

/** Looks into each directory once more, and at what is recorded. */
export async function checkPurged(
  { clusterId }: PurgeNodeDataInput,
  { shell, inventory, signal }: Reading,
  run: EndedRun,
): Promise<PostCheck> {
  const records = await inventory.listRemovedNodes(clusterId);
  const nodes = run.steps
    .filter(({ kind, phase }) => kind === deleteNodeData.kind && phase === 'do')
    .map(({ params }) => leftNode.parse(params));
  const checks = await Promise.all(
    nodes.map(async (node) => {
      const isRecorded = records.some(({ id, purgedAt }) => id === node.removedNodeId && purgedAt !== null);
      return [...(await lookAtDirs(node, { shell, signal })), recordCheck(node, isRecorded)];
    }),
  );
  return { passed: nothingBlocks(checks.flat()), checks: checks.flat() };
}

async function lookAtDirs(
  node: LeftNodeParams,
  { shell, signal }: Pick<Reading, 'shell' | 'signal'>,
): Promise<NamedCheck[]> {
  if (node.dirs.length === 0) return [];
  const host = await shell(node.hostId);
  return Promise.all(
    node.dirs.map(async (dir, index) => {
      const seen = await readDataDir(host, dirOf(leftNodeOf(node), dir), { seconds: countSeconds, signal });
      const words = {
        empty: 'is empty',
        full: 'is not empty',
        busy: 'is being emptied',
        unsafe: 'cannot be looked at',
      };
      return found(`purged-${nameOf(node)}-${index + 1}`, 'BLOCK', seen.state === 'empty' && !seen.hasBegun, {
        observed: `${dir.path} on ${node.hostAddress} ${words[seen.state]}`,
        wanted: 'empty',
        hint: 'Look at it on its machine.',
      });
    }),
  );
}

function recordCheck(node: LeftNodeParams, isRecorded: boolean): NamedCheck {
  return found(`recorded-${nameOf(node)}`, 'BLOCK', isRecorded, {
    observed: `that the data of ${node.label} is deleted is ${isRecorded ? '' : 'not '}recorded`,
    wanted: 'recorded',
    hint: 'Retry the run.',
  });
}

function nameOf({ label }: LeftNodeParams): string {
  return label.replaceAll(/[^a-z0-9]+/gi, '-');
}
