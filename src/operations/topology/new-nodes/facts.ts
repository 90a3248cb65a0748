import { readHostAddresses } from '../../../adapters/host-addresses.ts';
import type { Reading } from '../../../adapters/reading.ts';
import { surveyHosts } from '../../../adapters/ssh/survey-host.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { ClusterNode, Host, ObservedNode } from '../../../domain/cluster.ts';
import type { HostSurvey } from '../../../domain/deploy/host-survey.ts';
import type { Neighbour } from '../../../domain/deploy/place-conflicts.ts';
import type { Known } from '../../../domain/known.ts';
import type { Release } from '../../../domain/upgrade/release.ts';
import { parseVersion, releaseNameOf } from '../../../domain/version.ts';

/** A host of the request, as it was found. */
export type WantedHost = {
  readonly address: string;
  /** The attached hosts with this address: one is wanted. */
  readonly attached: readonly Host[];
  readonly resolved: readonly string[] | null;
  /** Null = it is not attached, so nobody could look. */
  readonly survey: Known<HostSurvey> | null;
};

export type NewNodeFacts = {
  readonly clusterId: string;
  readonly nodes: readonly ObservedNode[];
  /** The node in whose place the new one comes; left out = none leaves. */
  readonly leaving?: ObservedNode;
  readonly hosts: readonly WantedHost[];
  /** Nodes of any cluster at the addresses of the request. */
  readonly neighbours: readonly Neighbour[];
  /** The version that was asked for, else that of the cluster; null = it cannot be told. */
  readonly version: string | null;
  /** The release of the catalogue with that version; null = there is none. */
  readonly release: Release | null;
};

/** A plan has 25 s in all; what a host does not answer in time is unknown, and that is a refusal. */
const surveyTimeoutMs = 15_000;

export async function observeNewNodes(
  input: { readonly clusterId: string; readonly hosts: readonly string[]; readonly version?: string | undefined },
  paths: readonly string[],
  { sql, inventory, shell, signal }: Reading,
): Promise<NewNodeFacts> {
  const [topology, attached, known] = await Promise.all([
    readTopology(sql, { signal }),
    inventory.listHosts(input.clusterId),
    inventory.listNodesAt(input.hosts),
  ]);
  const nodes = toObservedNodes(topology);
  const version = input.version ?? versionOf(nodes);
  const asked = input.hosts.map((address) => ({ address, own: attached.filter((host) => host.address === address) }));
  const toSurvey = asked.flatMap(({ address, own: [host] }) =>
    host === undefined ? [] : [{ hostId: host.id, address }],
  );
  const question = ({ hostId, address }: { hostId: string; address: string }) => ({
    paths,
    javaHomes: [],
    places: known.flatMap(({ kind, deployDir, ...node }) =>
      deployDir !== null && (node.hostId === hostId || node.host === address) ? [{ kind, deployDir }] : [],
    ),
  });
  const [surveys, resolved, release] = await Promise.all([
    surveyHosts(toSurvey, question, { shell, signal, timeoutMs: surveyTimeoutMs }),
    Promise.all(input.hosts.map((address) => readHostAddresses(address, signal))),
    version === null ? null : inventory.findRelease(version),
  ]);
  const hosts = asked.map(({ address, own }, index) => ({
    address,
    attached: own,
    resolved: resolved[index] ?? null,
    survey: surveys[toSurvey.findIndex((each) => each.address === address)] ?? null,
  }));
  return { clusterId: input.clusterId, nodes, hosts, neighbours: await withHosts(known, inventory), version, release };
}

/** As the catalogue writes it; null when nodes run several releases, or none that can be read. */
export function versionOf(nodes: readonly ObservedNode[]): string | null {
  const names = new Set(
    nodes.map(({ version }) => {
      const parsed = version === null ? null : parseVersion(version);
      return parsed === null ? null : releaseNameOf(parsed);
    }),
  );
  const [only = null] = names;
  return names.size === 1 ? only : null;
}

/** With where each of them is reached, so that one machine under two addresses is found. */
export async function withHosts(
  nodes: readonly ClusterNode[],
  inventory: Pick<Reading['inventory'], 'findHost'>,
): Promise<readonly Neighbour[]> {
  const ids = [...new Set(nodes.flatMap(({ hostId }) => hostId ?? []))];
  const hosts = await Promise.all(ids.map((id) => inventory.findHost(id)));
  return nodes.map((node) => {
    const host = hosts.find((each) => each !== null && each.id === node.hostId) ?? null;
    return { ...node, hostAddress: host?.address ?? null, hostKeyFingerprint: host?.hostKeyFingerprint ?? null };
  });
}
