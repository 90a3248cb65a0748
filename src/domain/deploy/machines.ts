type Keyed = { readonly hostKeyFingerprint: string | null };
type HostOf = Keyed & { readonly hostId: string; readonly address: string };
type NodeOf = Keyed & { readonly hostId: string | null; readonly hostAddress: string | null; readonly host: string };

/**
 * Which hosts and nodes are on one machine, as far as that is known: the same host, the same address by SSH or in a cluster,
 * or the same host key under two addresses. Machines that were copied with their key count as one, which can only refuse too
 * much.
 */
export function machinesOf({
  hosts,
  neighbours,
  wanted,
}: {
  readonly hosts: readonly HostOf[];
  readonly neighbours: readonly NodeOf[];
  /** Nodes by the address that their cluster is told. */
  readonly wanted: readonly { readonly hostId: string; readonly host: string }[];
}) {
  const joined = new Map<string, string>();
  const find = (name: string): string => {
    const up = joined.get(name);
    return up === undefined ? name : find(up);
  };
  const join = (names: readonly string[]) => {
    const [first, ...rest] = [...new Set(names.map(find))];
    if (first !== undefined) for (const other of rest) joined.set(other, first);
  };
  for (const { hostId, address, hostKeyFingerprint } of hosts)
    join([nameOfHost(hostId), ...nameOfAddress(address), ...nameOfKey(hostKeyFingerprint)]);
  for (const { hostId, host } of wanted) join([nameOfHost(hostId), ...nameOfAddress(host)]);
  for (const node of neighbours) join(namesOfNode(node));
  return {
    ofHost: (hostId: string): string => find(nameOfHost(hostId)),
    /** Null = a node of which nothing is known but an address that each machine has. */
    ofNode: (node: NodeOf): string | null => namesOfNode(node).map(find)[0] ?? null,
  };
}

function namesOfNode({ hostId, hostAddress, hostKeyFingerprint, host }: NodeOf): string[] {
  return [
    ...(hostId === null ? [] : [nameOfHost(hostId)]),
    ...nameOfKey(hostKeyFingerprint),
    ...nameOfAddress(hostAddress),
    ...nameOfAddress(host),
  ];
}

function nameOfHost(hostId: string): string {
  return `host ${hostId}`;
}

function nameOfKey(fingerprint: string | null): string[] {
  return fingerprint === null ? [] : [`key ${fingerprint}`];
}

/** Every machine has these for itself, so they say nothing about which one it is. */
const ofEveryMachine = ['localhost', '127.0.0.1', '::1'];

function nameOfAddress(address: string | null): string[] {
  if (address === null || ofEveryMachine.includes(address.toLowerCase())) return [];
  return [`address ${address.toLowerCase()}`];
}
