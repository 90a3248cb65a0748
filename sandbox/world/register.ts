import { readFile } from 'node:fs/promises';
import { createApi } from '../demo/api.ts';
import { nodesQuery, nodesShape } from '../demo/parts.ts';
import type { WorldDescription } from './describe.ts';
import type { World } from './start-world.ts';

/** What `registerCluster` is to be told of a world's cluster. */
export function clusterInput({ cluster }: WorldDescription) {
  const [first] = cluster.frontends;
  if (first === undefined) throw new Error('the world has no frontend');
  return {
    name: cluster.name,
    environment: 'dev',
    frontends: [{ host: first.host, port: first.queryPort }],
    sqlUser: cluster.sqlUser,
    password: cluster.sqlPassword,
  };
}

type Node = { readonly id: string; readonly address: string; readonly port: number };
type Known = { readonly id: string; readonly frontends: readonly Node[]; readonly backends: readonly Node[] };

/** What `attachHosts` is to be told of its hosts, with the fingerprints that the world vouches for. */
export async function hostsInput({ hosts }: WorldDescription, known: Known) {
  const [first] = hosts;
  if (first === undefined) throw new Error('the world has no host');
  const nodes = [...known.frontends, ...known.backends];
  return {
    clusterId: known.id,
    user: first.user,
    privateKey: await readFile(first.keyFile, 'utf8'),
    hosts: hosts.map((host) => ({
      address: host.address,
      port: host.sshPort,
      nodes: host.nodes.flatMap(({ port, deployDir }) => {
        const node = nodes.find((candidate) => candidate.address === host.address && candidate.port === port);
        return node === undefined ? [] : [{ nodeId: node.id, deployDir }];
      }),
      hostKeyFingerprint: host.hostKeyFingerprint,
    })),
  };
}

/** Registers the cluster of a world with its own Starwarden, and attaches its hosts: what the demo shows step by step. */
export async function putUnderManagement(world: World, onProgress: (line: string) => void): Promise<void> {
  if (world.starwarden === null) throw new Error('there is no Starwarden in this world');
  const api = createApi({ url: world.starwarden.graphqlUrl, token: world.starwarden.tokens.admin });
  const description = world.describe();
  onProgress('registering the cluster');
  await api.carryOut('registerCluster', clusterInput(description));
  const { cluster } = await api.query(nodesShape, nodesQuery, { name: description.cluster.name });
  onProgress('attaching its hosts');
  await api.carryOut('attachHosts', await hostsInput(description, cluster));
}
