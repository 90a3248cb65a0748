import type { ClusterNode, NodeKind } from './cluster.ts';

/**
 * What distinguishes a node from all others of its cluster: the text of its `IP` column, and its edit-log port
 * (frontends) or heartbeat port. Ids are Starwarden's own; a cluster does not know them.
 */
export type NodeIdentity<Kind extends string = NodeKind> = {
  readonly kind: Kind;
  readonly host: string;
  readonly port: number;
};

export function isSameNode(a: NodeIdentity<string>, b: NodeIdentity<string>): boolean {
  return a.kind === b.kind && a.host === b.host && a.port === b.port;
}

/** The row of this node among others; undefined = it is not there. */
export function findSameNode<N extends NodeIdentity>(nodes: readonly N[], node: NodeIdentity): N | undefined {
  return nodes.find((candidate) => isSameNode(candidate, node));
}

/** What people call a node: `fe 10.0.0.1:9010`, `be [fd00::21]:9050`, `cn …`. */
export function nodeLabel(node: NodeIdentity): string {
  const word = { FRONTEND: 'fe', BACKEND: 'be', COMPUTE_NODE: 'cn' }[node.kind];
  return `${word} ${node.host.includes(':') ? `[${node.host}]` : node.host}:${node.port}`;
}

/**
 * Every way in which people name a node. An IPv6 address has brackets where a port follows; it is accepted without them
 * too.
 */
export function namesOfNode(node: Pick<ClusterNode, 'id'> & NodeIdentity): readonly string[] {
  const kind = nodeLabel(node).slice(0, 2);
  const hosts = node.host.includes(':') ? [node.host, `[${node.host}]`] : [node.host];
  const places = hosts.flatMap((host) => [host, `${host}:${node.port}`]);
  return [node.id, ...places, ...places.map((place) => `${kind} ${place}`)];
}
