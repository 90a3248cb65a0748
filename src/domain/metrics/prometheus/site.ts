import type { ClusterNode, NodeKind } from '../../cluster.ts';
import type { Matchers } from './text.ts';

/** How a cluster stands in Prometheus, where that does not follow from its name and the addresses of its nodes. */
export type SiteCluster = {
  /** What all its samples have, instead of the label that tells clusters apart. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** By a node's address and HTTP port, `10.0.0.11:8030`: what stands in Prometheus instead. */
  readonly instances?: Readonly<Record<string, string>> | undefined;
};

/** How a site has its clusters in Prometheus. */
export type PrometheusSite = {
  /** The label whose value is the name of the cluster; null = clusters are told apart by the addresses of their nodes. */
  readonly clusterLabel: string | null;
  /** The label that tells nodes apart. */
  readonly instanceLabel: string;
  readonly scrapeMs: number;
  /** By the name of the cluster; null = its nodes are not read by this Prometheus. */
  readonly clusters: Readonly<Record<string, SiteCluster | null>>;
};

export type SiteNode = Pick<ClusterNode, 'id' | 'kind' | 'host' | 'httpPort'>;

/** Which samples are of a cluster, and which of its nodes each is about. */
export type Place = {
  readonly matchers: Matchers;
  /** The node of a value of the instance label; null = it cannot have the metric, undefined = it is none of the cluster's. */
  readonly nodeOf: (instance: string) => string | null | undefined;
};

/**
 * Where to look for values of these kinds of nodes. A text says why there is nothing to look for.
 *
 * Where the site says which labels are the cluster's, nodes that have left count in the values of the whole cluster; else only
 * the nodes of today are looked for, since an address may have been another cluster's.
 */
export function placeOf(
  site: PrometheusSite,
  {
    name,
    nodes,
    kinds,
  }: { readonly name: string; readonly nodes: readonly SiteNode[]; readonly kinds: readonly NodeKind[] },
): Place | string {
  const own = Object.hasOwn(site.clusters, name) ? site.clusters[name] : {};
  if (own === null || own === undefined) return `the settings say that ${name} is not in Prometheus`;
  const said = own.instances ?? {};
  const instances = instancesOf(
    nodes.filter(({ kind }) => kinds.includes(kind)),
    said,
  );
  const others = new Set(nodes.flatMap((node) => namesOf(node, said)));
  const labels = own.labels ?? (site.clusterLabel === null ? {} : { [site.clusterLabel]: name });
  const nodeOf = (instance: string) => instances.get(instance) ?? (others.has(instance) ? null : undefined);
  if (Object.keys(labels).length > 0) return { matchers: labels, nodeOf };
  const known = [...instances].flatMap(([instance, node]) => (node === null ? [] : [instance])).toSorted();
  if (known.length === 0) return `no node of ${name} that could have it has an address`;
  return { matchers: { [site.instanceLabel]: known }, nodeOf };
}

/** By what stands in Prometheus: the id of the node, null = it may be several. */
function instancesOf(
  nodes: readonly SiteNode[],
  said: Readonly<Record<string, string>>,
): ReadonlyMap<string, string | null> {
  const instances = new Map<string, string | null>();
  for (const node of nodes)
    for (const instance of namesOf(node, said))
      instances.set(instance, instances.has(instance) && instances.get(instance) !== node.id ? null : node.id);
  return instances;
}

/** The address with the port, as Prometheus has it by itself, or the address alone. */
function namesOf({ host, httpPort }: SiteNode, said: Readonly<Record<string, string>>): readonly string[] {
  if (httpPort === null) return [host];
  const address = `${host.includes(':') ? `[${host}]` : host}:${httpPort}`;
  const other = Object.hasOwn(said, address) ? said[address] : undefined;
  return other === undefined ? [address, host] : [other];
}
