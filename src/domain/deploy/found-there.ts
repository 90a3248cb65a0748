import type { ClusterNode, NodeKind } from '../cluster.ts';
import { isLoopback } from '../host-address.ts';
import { nodeLabel } from '../node-identity.ts';
import type { HostSurvey, ListeningPort, NodeOnMachine, NodeSettings } from './host-survey.ts';
import type { LaidOutNode } from './lay-out.ts';

/** A node that is wanted on an attached host. */
export type WantedNode = Pick<LaidOutNode, 'label' | 'kind' | 'host' | 'deployDir' | 'dataDirs' | 'ports'> & {
  readonly hostId: string;
};

/** A node of any registered cluster, with its host where it is attached. */
export type Neighbour = Pick<
  ClusterNode,
  'id' | 'clusterId' | 'kind' | 'host' | 'port' | 'httpPort' | 'queryPort' | 'hostId' | 'deployDir'
> & {
  readonly hostAddress: string | null;
  readonly hostKeyFingerprint: string | null;
};

/** What takes something of a machine: directories and ports, and who. */
export type Taken = { readonly by: string; readonly dirs: readonly Dir[]; readonly ports: readonly number[] };
type Dir = { readonly path: string; readonly what: string };

export const kindWords = { FRONTEND: 'frontend', BACKEND: 'backend', COMPUTE_NODE: 'compute node' } as const;

export function takenByWanted({ label, deployDir, dataDirs, ports }: WantedNode): Taken {
  return { by: `${label}, which is wanted too`, dirs: dirsOf(deployDir, dataDirs), ports: Object.values(ports) };
}

/** As far as the inventory goes; a machine that was looked at tells more. */
export function takenByKnown(node: Neighbour): Taken {
  const ports = [node.port, node.httpPort, node.queryPort].flatMap((port) => (port !== null && port > 0 ? [port] : []));
  return { by: nodeLabel(node), dirs: dirsOf(node.deployDir, []), ports };
}

/**
 * Nodes that run on the machine of the wanted one, and known ones whose conf files were read although they may be down. One
 * that the inventory knows too is called as there.
 */
export function takenByFound(survey: HostSurvey, host: string, known: readonly Neighbour[]): Taken[] {
  const nameOf = (deployDir: string | null, otherwise: string) => {
    const same = known.find((each) => deployDir !== null && each.deployDir === deployDir);
    return same === undefined ? otherwise : nodeLabel(same);
  };
  const running = nodesThere(survey, host).map((node): Taken => {
    const deployDir = 'value' in node.deployDir ? node.deployDir.value : null;
    const by = nameOf(deployDir, `a ${kindWords[node.kind]} that runs there as process ${node.pid}`);
    return { by, dirs: dirsOf(deployDir, dataOf(node)), ports: portsIn(node) };
  });
  const read = survey.places.map((place): Taken => {
    const by = nameOf(place.deployDir, `the ${kindWords[place.kind]} in ${place.deployDir}`);
    return { by, dirs: dirsOf(place.deployDir, dataOf(place)), ports: portsIn(place) };
  });
  return [...running, ...read];
}

/** Why it cannot be told what the nodes there take: one of them might want the same. */
export function unreadThere(survey: HostSurvey, host: string): string[] {
  const hidden =
    'unknown' in survey.nodes ? [`which nodes run on ${survey.address} cannot be told: ${survey.nodes.unknown}`] : [];
  const unread = [...nodesThere(survey, host), ...survey.places].flatMap((node) => {
    const why = whyUnread(node);
    return why === null ? [] : [`what a ${kindWords[node.kind]} on ${survey.address} takes cannot be told, ${why}`];
  });
  return [...hidden, ...unread];
}

function whyUnread({ ports, dataDirs }: NodeSettings & { readonly kind: NodeKind }): string | null {
  const port = [...ports].flatMap(([key, told]) => ('unknown' in told ? [`its ${key}: ${told.unknown}`] : []))[0];
  return port ?? ('unknown' in dataDirs ? `its directories: ${dataDirs.unknown}` : null);
}

/** Ports on which something listens that a node with this address cannot have. Null = that is not known. */
export function listenedPorts(survey: HostSurvey, host: string): ReadonlySet<number> | null {
  if ('unknown' in survey.listening) return null;
  return new Set(survey.listening.value.filter((each) => isInTheWay(each, host)).map(({ port }) => port));
}

/**
 * A node listens on all addresses of its machine, so it shares no port with anybody. Only where machines are stood in for by
 * addresses of the loopback network does one of these say nothing about the others.
 */
function isInTheWay({ address }: ListeningPort, host: string): boolean {
  return !isLoopback(host) || !isLoopback(address) || address === host || address === '127.0.0.1';
}

/** Without those that are seen to listen on the loopback addresses of other machines that are stood in for. */
function nodesThere(survey: HostSurvey, host: string): readonly NodeOnMachine[] {
  if (!isLoopback(host) || 'unknown' in survey.listening) return survey.visibleNodes;
  const listening = survey.listening.value;
  return survey.visibleNodes.filter((node) => {
    const ports = portsIn(node);
    const own = listening.filter(({ port }) => ports.includes(port));
    return own.some((each) => isInTheWay(each, host)) || (own.length === 0 && ports.length > 0);
  });
}

function dirsOf(deployDir: string | null, dataDirs: readonly string[]): Dir[] {
  const home = deployDir === null ? [] : [{ path: deployDir, what: 'deploy directory' }];
  return [...home, ...dataDirs.map((path) => ({ path, what: 'directory of data' }))];
}

function dataOf({ dataDirs }: NodeSettings): readonly string[] {
  return 'value' in dataDirs ? dataDirs.value : [];
}

function portsIn({ ports }: NodeSettings): number[] {
  return [...ports.values()].flatMap((port) => ('value' in port ? [port.value] : []));
}
