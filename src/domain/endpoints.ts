import type { Repository } from './backup/repository.ts';
import type { Cluster, ClusterNode } from './cluster.ts';

/** Where a certificate is shown: at once (`TLS`), or once a client of MySQL asks for it (`MYSQL`). */
export type Endpoint = {
  readonly kind: 'TLS' | 'MYSQL';
  readonly host: string;
  readonly port: number;
  /** What people call it: `10.0.0.1:9030`, `https://store.example:9000`. Never changes for the same place. */
  readonly name: string;
};

type Known = {
  readonly cluster: Pick<Cluster, 'tls' | 'seeds'>;
  readonly nodes: readonly Pick<ClusterNode, 'kind' | 'host' | 'queryPort'>[];
  readonly repositories: readonly Pick<Repository, 'access'>[];
};

/**
 * Pure. Where Starwarden meets certificates for a cluster, each place once: the query ports of its frontends where it is asked
 * over TLS, and the https endpoints of its repositories. Without a named endpoint a store is that of AWS, whose certificates
 * are renewed by AWS.
 */
export function endpointsOf({ cluster, nodes, repositories }: Known): readonly Endpoint[] {
  const found = nodes.flatMap(({ kind, host, queryPort }) =>
    kind === 'FRONTEND' && queryPort !== null && queryPort > 0 ? [{ host, port: queryPort }] : [],
  );
  const frontends = cluster.tls === null ? [] : found.length === 0 ? cluster.seeds : found;
  const all = [
    ...frontends.map(({ host, port }): Endpoint => ({ kind: 'MYSQL', host, port, name: `${host}:${port}` })),
    ...repositories.flatMap(({ access }) => ofStore(access?.endpoint ?? null)),
  ];
  return [...new Map(all.map((each) => [each.name, each])).values()];
}

function ofStore(endpoint: string | null): readonly Endpoint[] {
  if (endpoint === null || !URL.canParse(endpoint)) return [];
  const { protocol, hostname, port, origin } = new URL(endpoint);
  if (protocol !== 'https:') return [];
  // The name of an address of IPv6 has brackets, which a connection does not take.
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return [{ kind: 'TLS', host, port: port === '' ? 443 : Number(port), name: origin }];
}
