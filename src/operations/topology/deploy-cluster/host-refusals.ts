import { sharedHostKeys } from '../../../domain/deploy/separate-machines.ts';
import type { Refusal } from '../../../domain/plan.ts';
import { isIpAddress } from '../../../domain/topology-change/address.ts';
import { count } from '../../../domain/words.ts';
import type { DeployClusterInput } from './input.ts';
import type { DeployFacts } from './observe.ts';

/** A host that can be used; the cluster will know its nodes by the same IP address. */
export type UsableHost = {
  readonly hostId: string;
  readonly address: string;
  readonly fingerprint: string;
  readonly survey: Extract<NonNullable<DeployFacts['hosts'][number]['machine']>, { value: unknown }>['value'];
};

/** The hosts with their keys and logins, or everything that is against them. All keys that are to be compared stand in one refusal. */
export function usableHosts(
  input: DeployClusterInput,
  facts: DeployFacts,
): { readonly hosts: readonly UsableHost[]; readonly refusals: readonly Refusal[] } {
  const hosts: UsableHost[] = [];
  const refusals: Refusal[] = [...listRefusals(input)];
  const unknownKeys: string[] = [];
  for (const [index, { address, port, hostKeyFingerprint: accepted }] of input.hosts.entries()) {
    const found = facts.hosts[index];
    const path = ['input', 'hosts', String(index)];
    const where = `${address}:${port}`;
    if (found === undefined) continue;
    if (!isIpAddress(address)) refusals.push(nameRefusal(address, found.resolved, path));
    if ('unknown' in found.shown) {
      const hint = 'Check the address, the port and the firewall.';
      const message = `${where} cannot be reached: ${found.shown.unknown}`;
      refusals.push({ code: 'PRECONDITION_FAILED', message, hint, path });
      continue;
    }
    if (accepted === undefined) {
      unknownKeys.push(`${where} ${found.shown.value}`);
      continue;
    }
    if (found.shown.value !== accepted) {
      refusals.push({
        code: 'HOST_KEY_CHANGED',
        message: `${where} shows the SSH key ${found.shown.value}, but ${accepted} is the one that was vouched for`,
        hint: 'Compare on the host itself with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`. Somebody may stand in between.',
        path,
      });
      continue;
    }
    if (found.machine === null || 'unknown' in found.machine) {
      const why = found.machine === null ? 'nobody looked' : found.machine.unknown;
      const message = `${where} could not be looked at: ${why}`;
      refusals.push({
        code: 'PRECONDITION_FAILED',
        message,
        hint: 'Mend the login or the host, then ask again.',
        path,
      });
      continue;
    }
    hosts.push({ hostId: found.hostId, address, fingerprint: accepted, survey: found.machine.value });
  }
  const shown = input.hosts.flatMap(({ address, port }, index) => {
    const key = facts.hosts[index]?.shown;
    return key !== undefined && 'value' in key ? [{ where: `${address}:${port}`, key: key.value }] : [];
  });
  refusals.push(...sharedHostKeys(shown, ['input', 'hosts']));
  if (unknownKeys.length > 0) {
    refusals.push({
      code: 'HOST_KEY_UNKNOWN',
      message: `Nobody has vouched for ${count(unknownKeys.length, 'SSH key')}: ${unknownKeys.join(', ')}`,
      hint: 'Compare each on its host with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`, then give it as hostKeyFingerprint.',
      path: ['input', 'hosts'],
    });
  }
  return { hosts, refusals };
}

/**
 * A frontend that is started to be known by a name takes the one that its own machine's resolver gives it, whatever was typed;
 * so nodes of a new cluster are known by their addresses, and nobody gets that instead of a name unasked.
 */
function nameRefusal(name: string, resolved: readonly string[] | null, path: readonly string[]): Refusal {
  const known = resolved === null || resolved.length === 0 ? '' : `: ${resolved.join(' or ')}`;
  return {
    code: 'INVALID_INPUT',
    message: `${name} is a name, and the nodes of a cluster that is deployed here are known by IP addresses`,
    hint: `Give the IP address by which the other nodes reach it${known}.`,
    path,
  };
}

/** Whatever was typed leads somewhere: no host without a node, no node without a host, no host twice. */
function listRefusals({ hosts, frontends, backends, computeNodes }: DeployClusterInput): readonly Refusal[] {
  const invalid = (message: string, hint: string, path: readonly string[]): Refusal => ({
    ...{ code: 'INVALID_INPUT', message, hint, path: ['input', ...path] },
  });
  const addresses = hosts.map(({ address }) => address);
  const lists = { frontends, backends, computeNodes };
  const nodes = Object.entries(lists).flatMap(([field, list]) =>
    list.map(({ host }, index) => ({ host, path: [field, String(index), 'host'] })),
  );
  return [
    ...addresses.flatMap((address, index) => {
      const path = ['hosts', String(index)];
      if (addresses.indexOf(address) !== index)
        return [invalid(`${address} stands twice`, 'Name each host once.', path)];
      if (nodes.some(({ host }) => host === address)) return [];
      return [invalid(`${address} has no node`, 'Give it one, or leave the host out.', path)];
    }),
    ...nodes.flatMap(({ host, path }) =>
      addresses.includes(host)
        ? []
        : [invalid(`${host} is none of the hosts`, 'Name the host as it stands in `hosts`, or add it there.', path)],
    ),
  ];
}
