import type { RemovedNode } from '../cluster.ts';
import { isWithin, whyNotADirectory } from '../deploy/directories.ts';
import { type Neighbour, type Taken, takenByFound, takenByKnown, unreadThere } from '../deploy/found-there.ts';
import type { HostSurvey } from '../deploy/host-survey.ts';
import { machinesOf } from '../deploy/machines.ts';
import { nodeLabel } from '../node-identity.ts';
import type { Refusal } from '../plan.ts';
import { count } from '../words.ts';

/** A directory of a node that has left. `binaries` = the deploy directory, which goes only when that was asked for. */
export type LeftDir = { readonly path: string; readonly what: 'data' | 'binaries' };

/** A node that has left, with where it was. */
export type LeftNode = Pick<RemovedNode, 'id' | 'kind' | 'host' | 'port' | 'dataDirs'> & {
  readonly hostId: string;
  readonly deployDir: string;
};

/** Its directories in the order in which they go: what says whose the binaries are goes last. */
export function dirsToPurge(
  { dataDirs, deployDir }: Pick<LeftNode, 'dataDirs' | 'deployDir'>,
  alsoBinaries: boolean,
): LeftDir[] {
  const data = [...new Set(dataDirs)].map((path): LeftDir => ({ path, what: 'data' }));
  return alsoBinaries ? [...data, { path: deployDir, what: 'binaries' }] : data;
}

/** What is known of the machine of a node that has left. */
export type AroundLeft = {
  /** The host that is attached there. */
  readonly host: { readonly hostId: string; readonly address: string; readonly hostKeyFingerprint: string | null };
  readonly survey: HostSurvey;
  /** Nodes of any cluster that may be on that machine, and all of its own cluster. */
  readonly neighbours: readonly Neighbour[];
  /** Other nodes that have left its cluster and whose data is still there. */
  readonly otherLeft: readonly RemovedNode[];
};

/**
 * Why nothing of the node may be deleted, going by paths and by who is known or seen on its machine. What could not be found
 * out refuses too. Pure; empty = nothing forbids it.
 */
export function purgeConflicts(node: LeftNode, alsoBinaries: boolean, around: AroundLeft): Refusal[] {
  const dirs = dirsToPurge(node, alsoBinaries);
  const machines = machinesOf({ hosts: [around.host], neighbours: around.neighbours, wanted: [node] });
  const here = machines.ofHost(node.hostId);
  const known = around.neighbours.filter((each) => (machines.ofNode(each) ?? here) === here);
  const left = around.otherLeft.filter((other) => isElsewise(other, node) && other.place?.hostId === node.hostId);
  const taken = [
    ...known.map(takenByKnown),
    // Whatever is seen on the machine counts, whichever address it listens on.
    ...takenByFound(around.survey, anyAddress, known),
    ...left.map(takenByLeft),
  ];
  const messages = [
    ...registeredAgain(node, around.neighbours),
    ...ofItself(node, dirs),
    ...dirs.flatMap(({ path }) => taken.flatMap((other) => between(path, other))),
    ...unreadThere(around.survey, node.host),
    ...known.flatMap((each) => placeUnknown(each, around.survey)),
  ];
  return [...new Set(messages)].map((message) => refusal(`${nodeLabel(node)}: ${message}`));
}

/** No address of the loopback network, so that the directories of no process are taken for another machine's. */
const anyAddress = '';

function registeredAgain({ host, port }: LeftNode, neighbours: readonly Neighbour[]): string[] {
  return neighbours
    .filter((each) => each.host.toLowerCase() === host.toLowerCase() && each.port === port)
    .map((each) => `${nodeLabel(each)} is in a registered cluster again`);
}

function ofItself({ dataDirs, deployDir }: LeftNode, dirs: readonly LeftDir[]): string[] {
  const none = dataDirs.length === 0 ? ['where its data lies was not known when it left; delete it by hand'] : [];
  const bad = dirs.flatMap(({ path }) => whyNotADirectory(path) ?? []);
  const holds = dataDirs.flatMap((path) =>
    isWithin(deployDir, path) ? [`${path} holds its deploy directory ${deployDir}`] : [],
  );
  const nested = dataDirs.flatMap((path, index) =>
    dataDirs
      .slice(index + 1)
      .flatMap((other) =>
        path !== other && areNested(path, other) ? [`${path} and ${other} lie within each other`] : [],
      ),
  );
  return [...none, ...bad, ...holds, ...nested];
}

function between(path: string, { by, dirs }: Taken): string[] {
  return dirs.flatMap((other) => {
    if (path === other.path) return [`${path} is the ${other.what} of ${by}`];
    return areNested(path, other.path)
      ? [`${path} and ${other.path}, the ${other.what} of ${by}, lie within each other`]
      : [];
  });
}

function areNested(one: string, other: string): boolean {
  return isWithin(one, other) || isWithin(other, one);
}

/** Another record of the very same node, which was added and removed again, names the same directories. */
function isElsewise(other: RemovedNode, node: LeftNode): boolean {
  return other.kind !== node.kind || other.host !== node.host || other.port !== node.port;
}

function takenByLeft(other: RemovedNode): Taken {
  const home = other.place === null ? [] : [{ path: other.place.deployDir, what: 'deploy directory' }];
  return {
    by: `${nodeLabel(other)}, which has left too`,
    dirs: [...home, ...other.dataDirs.map((path) => ({ path, what: 'directory of data' }))],
    ports: [],
  };
}

/** A node on the machine that nobody attached and that does not run there: its directories may be any. */
function placeUnknown(node: Neighbour, { visibleNodes }: HostSurvey): string[] {
  if (node.deployDir !== null) return [];
  const isSeen = visibleNodes.some(
    ({ kind, ports }) =>
      kind === node.kind && [...ports.values()].some((port) => 'value' in port && port.value === node.port),
  );
  if (isSeen) return [];
  return [`which directories ${nodeLabel(node)} has on that machine cannot be told: attach it with attachHosts`];
}

function refusal(message: string): Refusal {
  return {
    code: 'PRECONDITION_FAILED',
    message,
    hint: 'Nothing was deleted. Look at the machine; what is still wanted is not deleted by Starwarden.',
  };
}

/** What was counted in a directory. */
export type Counted = { readonly files: number; readonly bytes: number };

/**
 * Why a directory is not what was looked at before; null = it is. A node that does not run writes nothing, so only a little
 * may differ. Where deleting has begun already there may be less, and never more.
 */
export function whyOtherwise(
  planned: { readonly files: number | null; readonly bytes: number | null },
  now: Counted,
  hasBegun: boolean,
): string | null {
  if (planned.files === null || planned.bytes === null) return null;
  const more =
    now.files > planned.files + slack(planned.files, 10) || now.bytes > planned.bytes + slack(planned.bytes, 1_048_576);
  const less =
    !hasBegun &&
    (now.files < planned.files - slack(planned.files, 10) ||
      now.bytes < planned.bytes - slack(planned.bytes, 1_048_576));
  if (!more && !less) return null;
  return `${count(planned.files, 'file')} with ${planned.bytes} bytes when it was planned, ${now.files} with ${now.bytes} now`;
}

/** One in a hundred, or some few. */
function slack(planned: number, few: number): number {
  return Math.max(few, planned / 100);
}
