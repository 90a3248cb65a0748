import { isLoopback } from '../host-address.ts';
import type { Known } from '../known.ts';
import type { Refusal } from '../plan.ts';
import { type NamedCheck, verdict } from '../verdict.ts';

type AskedMachine = {
  /** Where it is reached by SSH. */
  readonly address: string;
  /** The id of this start of its kernel: no two machines have the same, however they were copied. */
  readonly survey: { readonly bootId: Known<string> };
};

/**
 * Whether hosts of one request are machines of their own, by their kernels: two nodes that were to bear each other's failure
 * would stand on one. Addresses of the loopback network only stand in for machines and are left out. Empty = there is nothing
 * to compare.
 */
export function separateMachines(hosts: readonly AskedMachine[]): NamedCheck[] {
  const asked = hosts.filter(({ address }) => !isLoopback(address));
  if (asked.length < 2) return [];
  const silent = asked.flatMap(({ address, survey: { bootId } }) =>
    'unknown' in bootId ? [`${address} does not tell: ${bootId.unknown}`] : [],
  );
  const shared = groupsOf(
    asked.flatMap(({ address, survey: { bootId } }) =>
      'value' in bootId ? [{ where: address, what: bootId.value }] : [],
    ),
  ).map(({ wheres }) => `${wheres.join(' and ')} are one machine, by the boot id of their kernel`);
  const wrong = [...shared, ...silent];
  return [
    verdict('separate-machines', 'BLOCK', wrong.length === 0, {
      observed: wrong.length === 0 ? `${asked.length} machines` : wrong.join('; '),
      wanted: 'each host is a machine of its own',
      hint: 'Name a machine once, by one address, with ports of their own for its nodes. Containers of one machine fail with it',
    }),
  ];
}

/**
 * Refuses hosts of one request that show one and the same SSH key: they are one machine under several addresses, or copies of
 * one, each of which can pose as the others.
 */
export function sharedHostKeys(
  hosts: readonly { readonly where: string; readonly key: string }[],
  path: readonly string[],
): Refusal[] {
  return groupsOf(hosts.map(({ where, key }) => ({ where, what: key }))).map(({ wheres, what }) => ({
    code: 'PRECONDITION_FAILED',
    message: `${wheres.join(' and ')} show one and the same SSH key ${what}`,
    hint: 'If they are one machine, name it once, with ports of their own for its nodes. If one is a copy of the other, give it keys of its own: delete /etc/ssh/ssh_host_* there, then `ssh-keygen -A`, and restart sshd.',
    path,
  }));
}

/** What stands at several places, with all of these. */
function groupsOf(found: readonly { readonly where: string; readonly what: string }[]) {
  return [...new Set(found.map(({ what }) => what))]
    .map((what) => ({
      what,
      wheres: [...new Set(found.filter((each) => each.what === what).map(({ where }) => where))],
    }))
    .filter(({ wheres }) => wheres.length > 1);
}
