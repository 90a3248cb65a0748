import { findPlaces, strangersAmong, wordsForMissing } from '../../../domain/deploy/find-places.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { Lane, PlanResult, Refusal, StepSpec } from '../../../domain/plan.ts';
import { count } from '../../../domain/words.ts';
import { attachNodes, recordHost, verifyHost } from '../../host/attach-hosts/attach-host.ts';
import { pinHostKey } from '../../host/pin-host-key.ts';
import { planRegisterCluster, type RegisterClusterFacts, type RegisterClusterInput } from '../register-cluster/plan.ts';
import type { MachineFacts, MachinesInput } from './look-at-machines.ts';
import { isSamePlace, nameOfPlace, type Place } from './ways.ts';

export type AdoptClusterInput = RegisterClusterInput & MachinesInput;
export type AdoptClusterFacts = {
  readonly cluster: RegisterClusterFacts;
  readonly machines: readonly MachineFacts[];
};

/** Each is a login and a look. */
const hostsAtOnce = 20;

/**
 * Registers the cluster, then brings in each machine by itself. A machine that does not answer or lets nobody in stops
 * nothing and is named; a key that nobody vouched for refuses, and all such keys stand in one refusal.
 */
export function planAdoptCluster(input: AdoptClusterInput, { cluster, machines }: AdoptClusterFacts): PlanResult {
  const registered = planRegisterCluster(input, cluster);
  const refusals = [
    ...('refusals' in registered ? registered.refusals : []),
    ...addressRefusals(input, cluster, machines),
    ...jumpRefusals(input, machines),
    ...keyRefusals(input, machines),
  ];
  if ('refusals' in registered || refusals.length > 0) return { refusals };
  const isJump = (place: Place) => machines.some(({ jump }) => jump !== null && isSamePlace(jump, place));
  // What lies behind a jump host needs it first, so it has no lane.
  const planned = machines.map((machine) => planMachine(machine, input, { cluster, isJump: isJump(machine) }));
  const tied = planned.reduce((sum, { found }) => sum + found, 0);
  const homes = planned.filter((_planned, index) => machines[index]?.nodeHosts.length !== 0);
  const reached = homes.filter(({ steps }) => steps.length > 0).length;
  return {
    summary: `Adopt ${input.name}: ${count(tied, 'node')} of ${cluster.nodes.length} found on ${reached} of ${count(homes.length, 'host')}`,
    steps: [...registered.steps, ...planned.flatMap(({ steps }) => steps)], // jump hosts come first
    notes: [...(registered.notes ?? []), ...planned.flatMap(({ notes }) => notes)],
  };
}

type PlannedMachine = {
  readonly steps: readonly StepSpec[];
  readonly notes: readonly string[];
  readonly found: number;
};

function planMachine(
  { address, port, jump, nodeHosts, shown, accepted, machine }: MachineFacts,
  { user, privateKey, passphrase }: AdoptClusterInput,
  { cluster: { nodes }, isJump }: { readonly cluster: RegisterClusterFacts; readonly isJump: boolean },
): PlannedMachine {
  const residents = nodes.filter(({ host }) => nodeHosts.includes(host));
  const missing = (why: string): PlannedMachine => ({
    steps: [],
    notes: [
      `${address}:${port} is left out: ${why}${residents.length === 0 ? '' : `; without it stay ${residents.map(nodeLabel).join(', ')}`}`,
    ],
    found: 0,
  });
  if ('unknown' in shown) return missing(shown.unknown);
  if (accepted === null || machine === null) return missing('its key is not accepted');
  if ('unknown' in machine) return missing(machine.unknown);
  const placed = findPlaces(residents, machine.value, nodes);
  const deployed = placed.flatMap(({ node, place }) =>
    'why' in place
      ? []
      : [{ nodeId: null, nodeHost: node.host, label: nodeLabel(node), nodePort: node.port, kind: node.kind, ...place }],
  );
  const lane: Lane | undefined = isJump
    ? undefined
    : { stage: 'Hosts', name: `${address}:${port}`, width: hostsAtOnce, independent: true };
  const login = {
    ...{ address, port, user, fingerprint: accepted, jump },
    ...{ privateKeyRef: privateKey ?? null, passphraseRef: passphrase ?? null },
  };
  return {
    steps: [
      recordHost.with(login, lane),
      // After the login, which proves the key.
      pinHostKey.with({ address, port, fingerprint: accepted }, lane),
      verifyHost.with({ address, port, nodes: deployed }, lane),
      ...(deployed.length === 0 ? [] : [attachNodes.with({ address, port, nodes: deployed }, lane)]),
    ],
    notes: [
      ...placed.map(({ node, place }) =>
        'why' in place
          ? `Not found on ${address}: ${wordsForMissing(node, place)}`
          : `Found on ${address}: ${nodeLabel(node)} in ${place.deployDir}, ${place.unit === null ? "run by StarRocks' own scripts" : `run by ${place.unit}`}`,
      ),
      ...(residents.length === 0
        ? [`${address}:${port} is only the way to others: it is attached without a node`]
        : []),
      ...strangersAmong(nodes, machine.value).map(
        (stranger) => `On ${address} runs also ${stranger}, which is no node of this cluster`,
      ),
      ...(machine.value.sudo ? [] : [`${user} may not become root on ${address}: units cannot be started there`]),
    ],
    found: deployed.length,
  };
}

/** Addresses that lead to no node are mistakes of whoever typed them: nothing typed is passed over. */
function addressRefusals(
  { addresses, hostKeys, sshPort }: MachinesInput,
  { nodes }: RegisterClusterFacts,
  machines: readonly MachineFacts[],
): Refusal[] {
  const hint = `The cluster has nodes on ${[...new Set(nodes.map(({ host }) => host))].join(', ')}.`;
  const unknown = (message: string, path: readonly string[]): Refusal => ({
    code: 'INVALID_INPUT',
    message,
    hint,
    path,
  });
  const keys = hostKeys.map(({ address, port = sshPort }) => ({ address, port }));
  return [
    ...addresses.flatMap(({ nodeHost }, index) => {
      const path = ['input', 'addresses', String(index)];
      if (!nodes.some(({ host }) => host === nodeHost))
        return [unknown(`No node of the cluster is on ${nodeHost}`, path)];
      const isTwice = addresses.findIndex((other) => other.nodeHost === nodeHost) !== index;
      return isTwice ? [unknown(`${nodeHost} stands twice`, path)] : [];
    }),
    ...keys.flatMap((place, index) => {
      const path = ['input', 'hostKeys', String(index)];
      const name = nameOfPlace(place, { sshPort });
      if (!machines.some((machine) => isSamePlace(machine, place))) {
        return [unknown(`No node of the cluster is reached at ${name}`, path)];
      }
      const isTwice = keys.findIndex((other) => isSamePlace(other, place)) !== index;
      return isTwice ? [unknown(`${name} stands twice`, path)] : [];
    }),
  ];
}

/** A jump host is reached directly, and a machine in one way only. */
function jumpRefusals({ addresses, jumpAddress, jumpPort, sshPort }: MachinesInput, machines: readonly MachineFacts[]) {
  const own = addresses.flatMap(({ nodeHost, address = nodeHost, port = sshPort, ...given }, index) =>
    given.jumpAddress === undefined
      ? []
      : [{ address, port, index, jump: { address: given.jumpAddress, port: given.jumpPort } }],
  );
  const jumps = [
    ...own.map(({ jump }) => jump),
    ...(jumpAddress === undefined ? [] : [{ address: jumpAddress, port: jumpPort }]),
  ];
  return own.flatMap(({ jump, index, ...place }): Refusal[] => {
    const path = ['input', 'addresses', String(index)];
    const refuse = (message: string, hint: string): Refusal[] => [{ code: 'INVALID_INPUT', message, hint, path }];
    const where = nameOfPlace(place, { sshPort });
    if (jumps.some((each) => isSamePlace(each, place)))
      return refuse(
        `${where} is a jump host, and would be reached through ${nameOfPlace(jump, { sshPort })} itself`,
        'A jump host is reached directly. Bring in what lies behind two of them with attachHosts.',
      );
    const used = machines.find((machine) => isSamePlace(machine, place))?.jump;
    if (used != null && isSamePlace(used, jump)) return [];
    return refuse(`${where} would be reached in two ways`, 'Give all its hosts of nodes the same jump host.');
  });
}

function keyRefusals({ sshPort }: MachinesInput, machines: readonly MachineFacts[]): Refusal[] {
  const path = ['input', 'hostKeys'];
  const shown = machines.flatMap((machine) =>
    'value' in machine.shown
      ? [{ address: machine.address, port: machine.port, key: machine.shown.value, accepted: machine.accepted }]
      : [],
  );
  const open = shown.filter(({ accepted }) => accepted === null);
  const changed = shown.filter(({ accepted, key }) => accepted !== null && accepted !== key);
  const hidden = machines.filter(({ jump }) => jump !== null && open.some((each) => isSamePlace(each, jump)));
  const later =
    hidden.length === 0
      ? ''
      : `; ${count(hidden.length, 'host')} behind jump hosts among these can show a key only once that is done`;
  return [
    ...changed.map(
      ({ address, port, key, accepted }): Refusal => ({
        code: 'HOST_KEY_CHANGED',
        message: `${address}:${port} shows the SSH key ${key}, but ${accepted} is the one that was vouched for`,
        hint: 'Compare on the host itself with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`. Somebody may stand in between.',
        path,
      }),
    ),
    ...(open.length === 0
      ? []
      : [
          {
            code: 'HOST_KEY_UNKNOWN',
            message: `Nobody has vouched for ${count(open.length, 'SSH key')}: ${open.map(({ key, ...place }) => `${nameOfPlace(place, { sshPort })} ${key}`).join(', ')}${later}`,
            hint: 'Compare each on its host with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`, then give them all as hostKeys.',
            path,
          } as const,
        ]),
  ];
}
