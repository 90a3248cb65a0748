import { nodeLabel } from '../node-identity.ts';
import type { Refusal } from '../plan.ts';
import { isWithin, whyNotADirectory } from './directories.ts';
import {
  listenedPorts,
  type Neighbour,
  type Taken,
  takenByFound,
  takenByKnown,
  takenByWanted,
  unreadThere,
  type WantedNode,
} from './found-there.ts';
import type { HostSurvey } from './host-survey.ts';
import { machinesOf } from './machines.ts';

export type { Neighbour, WantedNode } from './found-there.ts';

/** A host with what was found on its machine. */
export type SurveyedHost = {
  readonly hostId: string;
  /** Where it is reached by SSH. */
  readonly address: string;
  /** `SHA256:…`: two hosts that show the same key are one machine. Null = not known. */
  readonly hostKeyFingerprint: string | null;
  readonly survey: HostSurvey;
};

export type Around = {
  /** The cluster that the nodes are for. */
  readonly clusterId: string;
  /** Each host of the wanted nodes. */
  readonly hosts: readonly SurveyedHost[];
  /** Nodes of this and of other clusters; those of other machines do no harm here. */
  readonly neighbours: readonly Neighbour[];
};

/**
 * Why the wanted nodes cannot be where they are wanted: ports and directories against each other, against every node that
 * runs or is known on their machines, whosever it is, and against whatever else listens there. What could not be found out
 * refuses too. Pure; empty = nothing is in the way.
 */
export function placeConflicts(wanted: readonly WantedNode[], around: Around): Refusal[] {
  const machines = machinesOf({ ...around, wanted });
  const messages = wanted.flatMap((node, index) => {
    const host = around.hosts.find(({ hostId }) => hostId === node.hostId);
    if (host === undefined) return [`${node.label}: nobody has looked at its host`];
    const machine = machines.ofHost(node.hostId);
    const others = wanted.slice(0, index).filter((other) => machines.ofHost(other.hostId) === machine);
    const known = around.neighbours.filter((each) => machines.ofNode(each) === machine);
    // The machine may have been looked at under each of its addresses.
    const surveys = around.hosts.filter(({ hostId }) => machines.ofHost(hostId) === machine);
    const taken = [
      ...others.map(takenByWanted),
      ...known.map(takenByKnown),
      ...surveys.flatMap(({ survey }) => takenByFound(survey, node.host, known)),
    ];
    return [
      ...ofItself(node),
      ...taken.flatMap((each) => between(node, each)),
      ...unreadThere(host.survey, node.host),
      ...listeningOn(node, host.survey, taken),
      ...[node.deployDir, ...node.dataDirs].flatMap((path) => ofPath(path, host.survey)),
    ].map((message) => `${node.label}: ${message}`);
  });
  return [...new Set([...messages, ...sameFrontend(wanted, around), ...otherHttpPort(wanted, around)])].map(refusal);
}

/** Directories that a release or Starwarden itself uses below the deploy directory. */
const insideNames = ['bin', 'lib', 'conf', 'log', 'www', 'spark-dpp', 'webroot', 'hive-udf', 'udf', 'starwarden'];

function ofItself({ deployDir, dataDirs, ports }: WantedNode): string[] {
  const bad = [deployDir, ...dataDirs].flatMap((path) => whyNotADirectory(path) ?? []);
  const inside = dataDirs.flatMap((path) => {
    if (isWithin(deployDir, path)) return [`${path} holds its own deploy directory ${deployDir}`];
    const [first = ''] = isWithin(path, deployDir) ? path.slice(deployDir.length + 1).split('/') : [];
    return insideNames.includes(first) ? [`${path} lies in ${deployDir}/${first}, which belongs to the release`] : [];
  });
  const nested = pairsOf(dataDirs).flatMap(([path, other]) =>
    areNested(path, other) ? [`${path} and ${other} lie within each other`] : [],
  );
  const twice = pairsOf(Object.entries(ports)).flatMap(([[key, port], [other, same]]) =>
    port === same ? [`${key} and ${other} are both ${port}`] : [],
  );
  return [...bad, ...inside, ...nested, ...twice];
}

function pairsOf<T>(all: readonly T[]): [T, T][] {
  return all.flatMap((one, index) => all.slice(index + 1).map((other): [T, T] => [one, other]));
}

function between(node: WantedNode, { by, dirs, ports }: Taken): string[] {
  const nested = [node.deployDir, ...node.dataDirs].flatMap((path) =>
    dirs.flatMap((other) => {
      if (path === other.path) return [`${path} is the ${other.what} of ${by}`];
      const both = `${path} and ${other.path}, the ${other.what} of ${by}, lie within each other`;
      return areNested(path, other.path) ? [both] : [];
    }),
  );
  const same = Object.entries(node.ports).flatMap(([key, port]) =>
    ports.includes(port) ? [`its ${key} ${port} is a port of ${by}`] : [],
  );
  return [...nested, ...same];
}

function areNested(one: string, other: string): boolean {
  return isWithin(one, other) || isWithin(other, one);
}

/** Ports of nodes are named with their nodes; everything else that listens has no name. */
function listeningOn(node: WantedNode, survey: HostSurvey, taken: readonly Taken[]): string[] {
  const listened = listenedPorts(survey, node.host);
  if (listened === null) {
    const why = 'unknown' in survey.listening ? survey.listening.unknown : '';
    return [`which ports are free on ${survey.address} cannot be told: ${why}`];
  }
  return Object.entries(node.ports).flatMap(([key, port]) =>
    listened.has(port) && !taken.some(({ ports }) => ports.includes(port))
      ? [`something listens on ${port} on ${survey.address} already, which is its ${key}`]
      : [],
  );
}

function ofPath(path: string, { paths }: HostSurvey): string[] {
  const found = paths.get(path);
  if (found === undefined) return [`nobody has looked at ${path}`];
  if ('unknown' in found) return [`${path} cannot be looked into: ${found.unknown}`];
  const { exists, isDirectory, isEmpty, isWritable } = found.value;
  if (exists && isDirectory !== true) return [`${path} is there, and is no directory`];
  if (exists && isEmpty !== true) return [`${path} is not empty`];
  return isWritable ? [] : [`the user who logs in may not write in ${path}`];
}

/** A cluster takes one frontend for each address, whatever the port. */
function sameFrontend(wanted: readonly WantedNode[], { clusterId, neighbours }: Around): string[] {
  const frontends = wanted.filter(({ kind }) => kind === 'FRONTEND');
  const present = neighbours.filter((node) => node.clusterId === clusterId && node.kind === 'FRONTEND');
  return frontends.flatMap((node, index) => {
    const isSame = ({ host }: { readonly host: string }) => host.toLowerCase() === node.host.toLowerCase();
    const twin = frontends.slice(0, index).find(isSame)?.label;
    const other = twin ?? present.filter(isSame).map(nodeLabel)[0];
    return other === undefined
      ? []
      : [`${node.label}: a cluster takes one frontend for each address, and ${other} has it`];
  });
}

/** Each frontend calls the others on its own `http_port`. */
function otherHttpPort(wanted: readonly WantedNode[], { clusterId, neighbours }: Around): string[] {
  const present = neighbours.flatMap(({ clusterId: cluster, kind, httpPort }) =>
    cluster === clusterId && kind === 'FRONTEND' && httpPort !== null && httpPort > 0 ? [httpPort] : [],
  );
  const frontends = wanted.flatMap(({ kind, label, ports }) =>
    kind === 'FRONTEND' && ports.http_port !== undefined ? [{ label, port: ports.http_port }] : [],
  );
  const usual = present[0] ?? frontends[0]?.port;
  return frontends.flatMap(({ label, port }) =>
    port === usual
      ? []
      : [
          `${label}: its http_port is ${port}, and that of the other frontends is ${usual}; it has to be the same on all`,
        ],
  );
}

function refusal(message: string): Refusal {
  return {
    code: 'PRECONDITION_FAILED',
    message,
    hint: 'Choose other directories, or other ports with conf: "key = value".',
  };
}
