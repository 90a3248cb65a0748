import { isHostAddress } from '../host-address.ts';
import type { Refusal } from '../plan.ts';

export type NodeAt = { readonly host: string; readonly port: number };

/** Reads `10.0.0.14:9050`, `be-4.example:9050`, `[fd00::21]:9050`. Null for anything else: a port is never guessed. */
export function parseNodeAddress(text: string): NodeAt | null {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  return match !== null && isHostAddress(host) && port >= 1 && port <= 65_535 ? { host, port } : null;
}

/**
 * How a cluster names its nodes: by names when one of its frontends has one, else by IP addresses. In IP mode StarRocks
 * resolves a name in ADD and keeps what it was resolved to, on the frontend that leads.
 */
export function usesNames(frontends: readonly { readonly host: string }[]): boolean {
  return frontends.some(({ host }) => !isIpAddress(host));
}

export function isIpAddress(host: string): boolean {
  return host.includes(':') || /^[\d.]+$/.test(host);
}

/**
 * The text under which the cluster will list the node. In IP mode the name is resolved here, and the address is sent: so
 * the row is recognised whatever the resolver of the leader says.
 */
export function addressInCluster(
  typed: string,
  { byName, resolved, path }: { byName: boolean; resolved: readonly string[] | null; path: readonly string[] },
): { readonly host: string } | Refusal {
  if (byName || isIpAddress(typed)) return { host: typed };
  const [only, ...others] = resolved ?? [];
  if (only !== undefined && others.length === 0) return { host: only };
  return {
    code: 'INVALID_INPUT',
    message:
      only === undefined
        ? `${typed} has no address that is known here`
        : `${typed} has several addresses: ${[only, ...others].join(', ')}`,
    hint: 'The cluster knows its nodes by IP addresses: give the one that the node is to have there.',
    path,
  };
}
