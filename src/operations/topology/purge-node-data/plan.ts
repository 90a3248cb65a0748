import { nodeLabel } from '../../../domain/node-identity.ts';
import type { PlanResult, Refusal, StepSpec } from '../../../domain/plan.ts';
import { purgeConflicts } from '../../../domain/topology-change/purge.ts';
import { count } from '../../../domain/words.ts';
import { deleteNodeData } from '../steps/delete-node-data.ts';
import { binariesIdentity, type LeftDirToPurge } from '../steps/left-node.ts';
import type { PurgeNodeDataInput } from './input.ts';
import type { LeftSeen, PurgeFacts } from './observe.ts';

type Found = NonNullable<LeftSeen['found']>;
type FoundDir = Found['dirs'][number];
type FullDir = FoundDir & { readonly seen: Extract<FoundDir['seen'], { state: 'full' }> };

const nothingDeleted =
  'Nothing was deleted. Look at the directory on its machine, and delete it by hand if it is to go.';

/** A lane for each machine; the nodes of one machine one after the other. */
export function planPurge(input: PurgeNodeDataInput, facts: PurgeFacts): PlanResult {
  const refusals = [...missing(input, facts), ...facts.left.flatMap((left) => whyNot(left, input, facts))];
  if (refusals.length > 0) return { refusals };
  const found = facts.left.flatMap(({ record, found: seen }) => (seen === null ? [] : [{ record, ...seen }]));
  const machines = [...new Set(found.map(({ host }) => host.id))];
  const steps = machines.flatMap((id) =>
    found.filter(({ host }) => host.id === id).map((each) => stepOf(each, { input, width: machines.length })),
  );
  return {
    summary: `Delete for good what ${found.map(({ record }) => nodeLabel(record)).join(', ')} left behind`,
    steps,
    notes: [...found.flatMap((each) => notesOf(each)), ...generalNotes(input, found)],
  };
}

function missing({ removedNodeIds }: PurgeNodeDataInput, { left }: PurgeFacts): Refusal[] {
  return removedNodeIds.flatMap((id, at) =>
    left.some(({ record }) => record.id === id)
      ? []
      : [
          {
            code: 'NOT_FOUND',
            message: `No node with the id ${id} has left this cluster`,
            hint: 'Cluster.removedNodes lists those that have.',
            path: ['input', 'removedNodeIds', String(at)],
          },
        ],
  );
}

function whyNot({ record, found }: LeftSeen, input: PurgeNodeDataInput, { now }: PurgeFacts): Refusal[] {
  const label = nodeLabel(record);
  const refuse = (message: string, hint = nothingDeleted): Refusal => ({ code: 'PRECONDITION_FAILED', message, hint });
  if (record.purgedAt !== null) return [refuse(`The data of ${label} is deleted already`, 'There is nothing to do.')];
  if (found === null)
    return [
      {
        code: 'CREDENTIAL_MISSING',
        message: `The machine of ${label} is not attached, or was not when the node left, so nobody can look there`,
        hint: 'Delete its data by hand.',
      },
    ];
  const again = now.some(({ host, port }) => host === record.host && port === record.port)
    ? [refuse(`${label} is in the cluster again`)]
    : [];
  const conflicts = purgeConflicts(found.node, input.alsoBinaries, found.around);
  return [...again, ...conflicts, ...found.dirs.flatMap((dir) => whyNotDir(dir, record, input))];
}

function whyNotDir(
  { path, what, seen }: FoundDir,
  record: LeftSeen['record'],
  { acceptEmptyDirs }: PurgeNodeDataInput,
): Refusal[] {
  const refuse = (message: string, hint = nothingDeleted): Refusal[] => [
    { code: 'PRECONDITION_FAILED', message: `${nodeLabel(record)}: ${message}`, hint },
  ];
  if (seen.state === 'busy') return refuse(`an earlier deletion in ${path} is still at work`, 'Wait for its end.');
  if (seen.state === 'unsafe') return refuse(seen.why);
  if (seen.state === 'empty') {
    if (acceptEmptyDirs || seen.hasBegun) return [];
    return refuse(
      `${path} is empty or not there: somebody has deleted it, or its disk is not mounted`,
      'Mount it, or give acceptEmptyDirs: true if nothing of it is left anywhere.',
    );
  }
  if (seen.other !== null) return refuse(`${seen.other} belongs to another node`);
  const expected = what === 'binaries' ? binariesIdentity[record.kind] : (record.identities[path] ?? null);
  if (expected === null) return refuse(`whose ${path} was is not known: nothing there said so when the node left`);
  if (seen.identity === null && !seen.hasBegun)
    return refuse(
      `whose ${path} is is not known: ${what === 'data' ? 'its identity file is' : 'its conf file or start script is'} missing`,
    );
  if (seen.identity !== null && seen.identity !== expected)
    return refuse(`${path} belongs to ${seen.identity}, and belonged to ${expected} when the node left`);
  return [];
}

/** What is counted, and not what is empty, is in the parameters: so an approval is for these files and no others. */
function stepOf(
  { record, node, host, dirs }: Found & Pick<LeftSeen, 'record'>,
  { input, width }: { readonly input: PurgeNodeDataInput; readonly width: number },
): StepSpec {
  const toPurge = dirs.flatMap((dir): LeftDirToPurge[] => {
    const identity = dir.what === 'binaries' ? binariesIdentity[record.kind] : (record.identities[dir.path] ?? '');
    const { path, what, seen } = dir;
    if (seen.state === 'full') {
      const { isWhole, files, bytes } = seen;
      return [{ path, what, identity, files: isWhole ? files : null, bytes: isWhole ? bytes : null }];
    }
    // Only the mark of an earlier deletion is left in it.
    return seen.state === 'empty' && seen.hasBegun ? [{ path, what, identity, files: 0, bytes: 0 }] : [];
  });
  const { kind, port, dataDirs, hostId, deployDir } = node;
  return deleteNodeData.with(
    {
      ...{ removedNodeId: record.id, label: nodeLabel(record), kind, host: node.host, port, hostId, deployDir },
      ...{ hostAddress: host.address, dataDirs: [...dataDirs], dirs: toPurge, alsoBinaries: input.alsoBinaries },
    },
    { stage: 'Delete', name: host.address, width, independent: true },
  );
}

function notesOf({ record, host, dirs }: Found & Pick<LeftSeen, 'record'>): string[] {
  const label = nodeLabel(record);
  const full = dirs.filter((dir): dir is FullDir => dir.seen.state === 'full');
  const empty = dirs.filter(({ seen }) => seen.state === 'empty').map(({ path }) => path);
  return [
    ...full.map(({ path, seen }) => {
      const { isWhole, files, bytes, links, identity } = seen;
      const kept = links === 0 ? '' : `, ${count(links, 'symbolic link')} among them, and what they lead to stays`;
      const whose = identity === null ? '' : ` (${identity})`;
      return `${label} on ${host.address}: ${path}${whose}: ${isWhole ? '' : 'at least '}${count(files, 'file')} with ${bytes} bytes${kept}`;
    }),
    ...(empty.length === 0
      ? []
      : [
          `${label} on ${host.address}: ${empty.join(', ')} are empty or not there; if a disk is only not mounted, its data stays`,
        ]),
    ...(record.place?.unit == null ? [] : [`${label}: the unit ${record.place.unit} stays; disable it on its machine`]),
  ];
}

function generalNotes({ alsoBinaries }: PurgeNodeDataInput, found: readonly Found[]): string[] {
  const blind = found.filter(({ around }) => around.survey.user !== 'root').map(({ host }) => host.address);
  return [
    'This cannot be undone: deleted data cannot be brought back',
    ...(alsoBinaries ? [] : ['The deploy directories stay; alsoBinaries: true deletes what lies in them']),
    ...(blind.length === 0
      ? []
      : [
          `On ${[...new Set(blind)].join(', ')} the user who logs in is not root: files that other users' programs have open are not seen, but for nodes of StarRocks`,
        ]),
  ];
}
