import { findPlace, strangersAmong, wordsForMissing } from '../../../domain/deploy/find-places.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { Lane, PlanResult, Refusal, StepSpec } from '../../../domain/plan.ts';
import { count } from '../../../domain/words.ts';
import { attachNodes, recordHost, verifyHost } from '../../host/attach-hosts/attach-host.ts';
import { pinHostKey } from '../../host/pin-host-key.ts';
import { planRegisterCluster, type RegisterClusterFacts, type RegisterClusterInput } from '../register-cluster/plan.ts';
import type { MachineFacts, MachinesInput } from './look-at-machines.ts';

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
    ...keyRefusals(input, machines),
  ];
  if ('refusals' in registered || refusals.length > 0) return { refusals };
  const planned = machines.map((machine) => planMachine(machine, input, cluster));
  const tied = planned.reduce((sum, { found }) => sum + found, 0);
  const reached = planned.filter(({ steps }) => steps.length > 0).length;
  return {
    summary: `Adopt ${input.name}: ${count(tied, 'node')} of ${cluster.nodes.length} found on ${reached} of ${count(machines.length, 'host')}`,
    steps: [...registered.steps, ...planned.flatMap(({ steps }) => steps)],
    notes: [...(registered.notes ?? []), ...planned.flatMap(({ notes }) => notes)],
  };
}

type PlannedMachine = {
  readonly steps: readonly StepSpec[];
  readonly notes: readonly string[];
  readonly found: number;
};

function planMachine(
  { address, nodeHosts, shown, accepted, machine }: MachineFacts,
  { user, privateKey, passphrase, sshPort: port }: AdoptClusterInput,
  { nodes }: RegisterClusterFacts,
): PlannedMachine {
  const residents = nodes.filter(({ host }) => nodeHosts.includes(host));
  const missing = (why: string): PlannedMachine => ({
    steps: [],
    notes: [`${address}:${port} is left out: ${why}; without it stay ${residents.map(nodeLabel).join(', ')}`],
    found: 0,
  });
  if ('unknown' in shown) return missing(shown.unknown);
  if (accepted === null || machine === null) return missing('its key is not accepted');
  if ('unknown' in machine) return missing(machine.unknown);
  const placed = residents.map((node) => ({ node, place: findPlace(node, machine.value) }));
  const deployed = placed.flatMap(({ node, place }) =>
    'why' in place
      ? []
      : [{ nodeId: null, nodeHost: node.host, label: nodeLabel(node), nodePort: node.port, kind: node.kind, ...place }],
  );
  const lane: Lane = { stage: 'Hosts', name: `${address}:${port}`, width: hostsAtOnce, independent: true };
  const login = {
    ...{ address, port, user, fingerprint: accepted, jump: null },
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
  { addresses, hostKeys }: MachinesInput,
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
  return [
    ...addresses.flatMap(({ nodeHost }, index) => {
      const path = ['input', 'addresses', String(index)];
      if (!nodes.some(({ host }) => host === nodeHost))
        return [unknown(`No node of the cluster is on ${nodeHost}`, path)];
      const isTwice = addresses.findIndex((other) => other.nodeHost === nodeHost) !== index;
      return isTwice ? [unknown(`${nodeHost} stands twice`, path)] : [];
    }),
    ...hostKeys.flatMap(({ address }, index) => {
      const path = ['input', 'hostKeys', String(index)];
      if (!machines.some((machine) => machine.address === address)) {
        return [unknown(`No node of the cluster is reached at ${address}`, path)];
      }
      const isTwice = hostKeys.findIndex((other) => other.address === address) !== index;
      return isTwice ? [unknown(`${address} stands twice`, path)] : [];
    }),
  ];
}

function keyRefusals({ sshPort }: MachinesInput, machines: readonly MachineFacts[]): Refusal[] {
  const path = ['input', 'hostKeys'];
  const shown = machines.flatMap((machine) =>
    'value' in machine.shown
      ? [{ address: machine.address, key: machine.shown.value, accepted: machine.accepted }]
      : [],
  );
  const open = shown.filter(({ accepted }) => accepted === null);
  const changed = shown.filter(({ accepted, key }) => accepted !== null && accepted !== key);
  return [
    ...changed.map(
      ({ address, key, accepted }): Refusal => ({
        code: 'HOST_KEY_CHANGED',
        message: `${address}:${sshPort} shows the SSH key ${key}, but ${accepted} is the one that was vouched for`,
        hint: 'Compare on the host itself with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`. Somebody may stand in between.',
        path,
      }),
    ),
    ...(open.length === 0
      ? []
      : [
          {
            code: 'HOST_KEY_UNKNOWN',
            message: `Nobody has vouched for ${count(open.length, 'SSH key')}: ${open.map(({ address, key }) => `${address} ${key}`).join(', ')}`,
            hint: 'Compare each on its host with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`, then give them all as hostKeys.',
            path,
          } as const,
        ]),
  ];
}
