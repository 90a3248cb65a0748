import type { ClusterNode } from '../cluster.ts';
import { nodeLabel } from '../node-identity.ts';
import { isIpAddress } from '../topology-change/address.ts';
import type { MachineSurvey, NodeOnMachine } from './host-survey.ts';
import { identityPorts } from './node-ports.ts';

type Wanted = Pick<ClusterNode, 'kind' | 'host' | 'port'>;
type Machine = Pick<MachineSurvey, 'visibleNodes' | 'nodes'>;

/** Where a node was found to be, or in words why that is not known. */
export type FoundPlace = { readonly deployDir: string; readonly unit: string | null } | { readonly why: string };

/**
 * The place of a node that is said to run on this machine, by its process: the kind, the port that tells nodes apart and
 * the address it listens at. A place that could be another node's is none.
 */
export function findPlace(wanted: Wanted, machine: Machine): FoundPlace {
  const alike = machine.visibleNodes.filter((node) => mayBe(node, wanted));
  const [found, ...others] = alike;
  const hidden = 'unknown' in machine.nodes ? `; ${machine.nodes.unknown}` : '';
  if (found === undefined) return { why: whyNotFound(wanted, machine) + hidden };
  if (others.length > 0) {
    return { why: `several processes may be it: ${alike.map(({ pid }) => pid).join(', ')}` };
  }
  const { deployDir, unit, pid } = found;
  if ('unknown' in deployDir)
    return { why: `process ${pid} is it, but its directory cannot be told: ${deployDir.unknown}` };
  if ('unknown' in unit) return { why: `what runs process ${pid} cannot be told: ${unit.unknown}` };
  return { deployDir: deployDir.value, unit: unit.value };
}

/**
 * The places of nodes that are said to run on one machine. A process is one node only: where two of them would be the same
 * one, both are unknown, since whoever stopped the one would stop the other. So is a node whose machine has, by its own
 * kernel, the address of another node of the `cluster` and not its own.
 */
export function findPlaces<N extends Wanted>(
  residents: readonly N[],
  machine: Machine & Pick<MachineSurvey, 'addresses'>,
  cluster: readonly Wanted[],
): readonly { readonly node: N; readonly place: FoundPlace }[] {
  return residents.map((node) => {
    const elsewhere = whyAnotherMachine(node, machine, cluster);
    if (elsewhere !== null) return { node, place: { why: elsewhere } };
    const rival = residents.find(
      (other) => other !== node && machine.visibleNodes.some((each) => mayBe(each, node) && mayBe(each, other)),
    );
    if (rival === undefined) return { node, place: findPlace(node, machine) };
    return { node, place: { why: `one process may be it or ${nodeLabel(rival)}, which is said to run there too` } };
  });
}

/** Why a node cannot be on this machine: it has the address of another node of the cluster, and not its own. Null = it may be. */
export function whyAnotherMachine(
  { host }: Pick<Wanted, 'host'>,
  { addresses }: Pick<MachineSurvey, 'addresses'>,
  cluster: readonly Wanted[],
): string | null {
  if ('unknown' in addresses || !isIpAddress(host) || addresses.value.includes(host)) return null;
  const other = cluster.find((node) => addresses.value.includes(node.host));
  return other === undefined ? null : `that machine has the address of ${nodeLabel(other)}, and not ${host}`;
}

/** Whether a machine is the one that the cluster calls `host`: by the address it is reached at, or one of its own. */
export function isMachineOf(host: string, machine: Pick<MachineSurvey, 'addresses'>, reachedAt: string): boolean {
  return host === reachedAt || ('value' in machine.addresses && machine.addresses.value.includes(host));
}

/** Processes on the machine that are none of these nodes: of another cluster, or not in any. */
export function strangersAmong(nodes: readonly Wanted[], { visibleNodes }: Pick<Machine, 'visibleNodes'>): string[] {
  return visibleNodes
    .filter((node) => !nodes.some((wanted) => mayBe(node, wanted)))
    .map(({ kind, pid, deployDir }) => {
      const where = 'value' in deployDir ? deployDir.value : 'a directory that cannot be told';
      return `a ${kind.toLowerCase().replace('_', ' ')} in ${where} (process ${pid})`;
    });
}

function mayBe(node: NodeOnMachine, { kind, host, port }: Wanted): boolean {
  const own = node.ports.get(identityPorts[kind]);
  return node.kind === kind && own !== undefined && 'value' in own && own.value === port && mayListenAt(node, host);
}

function mayListenAt({ boundTo }: NodeOnMachine, host: string): boolean {
  if ('unknown' in boundTo) return true;
  const addresses = boundTo.value;
  const isAnywhere = addresses.length === 0 || addresses.some((address) => address === '0.0.0.0' || address === '::');
  // A name may mean any of the addresses.
  return isAnywhere || !/^[\d.]+$|:/.test(host) || addresses.includes(host);
}

function whyNotFound({ kind, host, port }: Wanted, { visibleNodes }: Machine): string {
  const key = identityPorts[kind];
  const unread = visibleNodes.flatMap((node) => {
    const own = node.ports.get(key);
    const isUnread = node.kind === kind && own !== undefined && 'unknown' in own && mayListenAt(node, host);
    return isUnread ? [`process ${node.pid} may be it, but its ${key} cannot be read: ${own.unknown}`] : [];
  });
  return unread.length > 0 ? unread.join('; ') : `no process of that kind with ${key} ${port} runs there`;
}

/** For messages: `be 10.0.0.11:9050: no process …`. */
export function wordsForMissing(node: Wanted, place: { readonly why: string }): string {
  return `${nodeLabel(node)}: ${place.why}`;
}
