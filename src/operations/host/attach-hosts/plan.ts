import type { ClusterNode, Host } from '../../../domain/cluster.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { Lane, PlanResult, Refusal, StepSpec } from '../../../domain/plan.ts';
import { count } from '../../../domain/words.ts';
import { pinHostKey } from '../pin-host-key.ts';
import { attachNodes, recordHost, verifyHost } from './attach-host.ts';
import type { HostFacts, HostInput, LoginInput } from './host-input.ts';
import { type PlacedNode, resolvePlaces } from './resolve-places.ts';

export type AttachHostsInput = LoginInput & {
  readonly clusterId: string;
  readonly hosts: readonly HostInput[];
};

/** A host whose nodes all have a place. */
type PlacedHost = Omit<HostInput, 'nodes'> & { readonly nodes: readonly PlacedNode[] };
type PlacedInput = Omit<AttachHostsInput, 'hosts'> & { readonly hosts: readonly PlacedHost[] };

export type AttachHostsFacts = {
  readonly nodes: readonly ClusterNode[];
  readonly attached: readonly Host[];
  readonly hosts: readonly HostFacts[];
};

/**
 * For each host: prove the login and record it, trust the host's key, check directories and rights, tie its nodes to it.
 * Refuses keys that nobody vouched for.
 */
export function planAttachHosts(input: AttachHostsInput, facts: AttachHostsFacts): PlanResult {
  const asked = input.hosts.map((host, index) => ({
    host,
    found: facts.hosts[index] ?? { pinned: null, shown: null, unreachable: 'not asked', machine: null },
    path: ['input', 'hosts', String(index)],
  }));
  // One that does not answer fails in its own lane; where none answers there is nothing to begin.
  const isAnyThere = asked.some(({ found }) => found.unreachable === null);
  const keys = asked.map(({ host, found, path }) => trustedKey(host, found, { path, isAnyThere }));
  const resolved = asked.map(({ host, found, path }, index) => {
    const key = keys[index];
    // Nobody logs in to a host whose key is not trusted: then that is what has to be mended.
    if (key === undefined || 'code' in key) return { nodes: [], refusals: [], notes: [] };
    return resolvePlaces(host, found, { known: facts, path });
  });
  const placed: PlacedInput = {
    ...input,
    hosts: input.hosts.map((host, index) => ({ ...host, nodes: resolved[index]?.nodes ?? [] })),
  };
  const refusals: Refusal[] = [];
  const steps: StepSpec[] = [];
  for (const [index, host] of placed.hosts.entries()) {
    const key = keys[index];
    refusals.push(...nodeRefusals(input.hosts[index] ?? host, index, facts.nodes));
    refusals.push(...twiceRefusals(placed, index), ...ringRefusals(placed, index, facts.attached));
    refusals.push(...jumpRefusals(placed, index, facts.attached), ...(resolved[index]?.refusals ?? []));
    refusals.push(...placeRefusals(placed, index, facts));
    if (key === undefined) continue;
    if ('code' in key) refusals.push(key);
    else steps.push(...stepsFor(placed, host, key, facts));
  }
  if (refusals.length > 0) return { refusals };
  const nodeCount = placed.hosts.reduce((sum, host) => sum + host.nodes.length, 0);
  return {
    summary: `Attach ${count(input.hosts.length, 'host')} with ${count(nodeCount, 'node')}`,
    steps: [...steps.filter(({ lane }) => lane === undefined), ...steps.filter(({ lane }) => lane !== undefined)],
    notes: [
      ...asked.flatMap(({ host, found }) =>
        found.unreachable === null ? [] : [`${host.address}:${host.port} cannot be reached now: ${found.unreachable}`],
      ),
      ...resolved.flatMap(({ notes }) => notes),
    ],
  };
}

/** Hosts have nothing to do with each other, but for a jump host: what lies behind it needs it first. */
function laneOf(input: PlacedInput, { address, port }: PlacedHost): Lane | undefined {
  const isJump = input.hosts.some((other) => other.jumpAddress === address && other.jumpPort === port);
  if (isJump || input.hosts.length === 1) return undefined;
  return { stage: 'Hosts', name: `${address}:${port}`, width: hostsAtOnce, independent: true };
}

/** Each is a login and a look: more at a time only makes logins queue. */
const hostsAtOnce = 20;

function stepsFor(
  input: PlacedInput,
  host: PlacedHost,
  key: { fingerprint: string; isNew: boolean },
  facts: AttachHostsFacts,
): StepSpec[] {
  const { address, port } = host;
  const lane = laneOf(input, host);
  const nodes = host.nodes.flatMap(({ nodeId, deployDir, unit = null }) => {
    const node = facts.nodes.find((candidate) => candidate.id === nodeId);
    return node === undefined
      ? []
      : [
          {
            nodeId,
            nodeHost: node.host,
            label: nodeLabel(node),
            nodePort: node.port,
            kind: node.kind,
            deployDir,
            unit,
          },
        ];
  });
  return [
    recordHost.with(
      {
        address,
        port,
        user: input.user,
        privateKeyRef: input.privateKey ?? null,
        passphraseRef: input.passphrase ?? null,
        fingerprint: key.fingerprint,
        jump: host.jumpAddress === undefined ? null : { address: host.jumpAddress, port: host.jumpPort },
      },
      lane,
    ),
    // After the login, which proves the key: a wrong key must not lock out a login that works.
    ...(key.isNew ? [pinHostKey.with({ address, port, fingerprint: key.fingerprint }, lane)] : []),
    verifyHost.with({ address, port, nodes }, lane),
    ...(nodes.length === 0 ? [] : [attachNodes.with({ address, port, nodes }, lane)]),
  ];
}

/** The key to trust: the one given, or the one pinned before. The host must show that very key. */
function trustedKey(
  host: HostInput,
  facts: HostFacts,
  { path, isAnyThere }: { readonly path: readonly string[]; readonly isAnyThere: boolean },
): Refusal | { fingerprint: string; isNew: boolean } {
  const where = `${host.address}:${host.port}`;
  const fingerprint = host.hostKeyFingerprint ?? facts.pinned;
  if (facts.unreachable !== null && (fingerprint === null || !isAnyThere)) {
    return {
      code: 'PRECONDITION_FAILED',
      message: `${where} cannot be reached: ${facts.unreachable}`,
      hint: 'Check the address, the port and the firewall.',
      path,
    };
  }
  if (fingerprint === null) {
    return {
      code: 'HOST_KEY_UNKNOWN',
      message:
        facts.shown === null
          ? `The SSH key of ${where} is not known`
          : `${where} shows the SSH key ${facts.shown}, which nobody has vouched for`,
      hint: 'Compare it on the host itself with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`, then give it as hostKeyFingerprint or accept it with acceptHostKey.',
      path,
    };
  }
  if (facts.shown !== null && facts.shown !== fingerprint) {
    return {
      code: 'HOST_KEY_CHANGED',
      message: `${where} shows the SSH key ${facts.shown}, but ${fingerprint} is the trusted one`,
      hint: 'The host was rebuilt, or somebody stands in between. Find out which, then accept the new key with acceptHostKey.',
      path,
    };
  }
  return { fingerprint, isNew: facts.pinned !== fingerprint };
}

function nodeRefusals(
  host: Pick<HostInput, 'address' | 'nodes'>,
  index: number,
  known: readonly ClusterNode[],
): Refusal[] {
  const path = ['input', 'hosts', String(index), 'nodes'];
  return host.nodes.flatMap(({ nodeId }): Refusal[] => {
    const node = known.find((candidate) => candidate.id === nodeId);
    if (node === undefined) {
      const hint = 'Refresh the cluster, then look at the ids of its nodes.';
      return [{ code: 'NOT_FOUND', message: `The cluster has no node ${nodeId}`, hint, path }];
    }
    // A host may be reached by another name than its nodes have, but not by a name that belongs to a node of another
    // host.
    const resident = known.find((other) => other.host === host.address);
    if (resident === undefined || node.host === host.address) return [];
    return [
      {
        code: 'INVALID_INPUT',
        message: `${host.address} is where ${nodeLabel(resident)} runs, not ${nodeLabel(node)}`,
        hint: 'Look at the ids of the nodes: a restart would stop the wrong one.',
        path,
      },
    ];
  });
}

/**
 * Refuses two nodes of a kind in one directory, two in one unit, and a node in two places: stopping the one would stop
 * the other.
 */
function placeRefusals(input: PlacedInput, index: number, facts: AttachHostsFacts): Refusal[] {
  const wanted = input.hosts.flatMap((host, at) => host.nodes.map((node) => ({ ...node, host, at })));
  const known = facts.nodes.flatMap((node) => {
    const host = facts.attached.find((candidate) => candidate.id === node.hostId);
    const isMoving = wanted.some(({ nodeId }) => nodeId === node.id);
    if (host === undefined || isMoving) return [];
    return [{ nodeId: node.id, deployDir: node.deployDir ?? '', unit: node.unit ?? undefined, host, at: -1 }];
  });
  const kindOf = (nodeId: string) => facts.nodes.find((node) => node.id === nodeId)?.kind;
  const path = ['input', 'hosts', String(index), 'nodes'];
  const refusal = (message: string, hint: string): Refusal => ({ code: 'INVALID_INPUT', message, hint, path });
  return wanted
    .filter(({ at }) => at === index)
    .flatMap((place) => {
      const others = [...wanted, ...known].filter((other) => other !== place);
      const twice = others.some(({ nodeId }) => nodeId === place.nodeId);
      const neighbours = others.filter(
        ({ nodeId, host }) =>
          nodeId !== place.nodeId && host.address === place.host.address && host.port === place.host.port,
      );
      const isTaken = neighbours.some(
        ({ nodeId, deployDir }) => deployDir === place.deployDir && kindOf(nodeId) === kindOf(place.nodeId),
      );
      const isShared = place.unit !== undefined && neighbours.some(({ unit }) => unit === place.unit);
      const ownPlace = 'Give each node its own host and directory.';
      return [
        ...(twice ? [refusal(`${place.nodeId} stands twice`, ownPlace)] : []),
        ...(isTaken ? [refusal(`${place.deployDir} holds another node of that kind`, ownPlace)] : []),
        ...(isShared ? [refusal(`${place.unit} runs another node of that host`, 'Give each node its own unit.')] : []),
      ];
    });
}

/** A host stands once: of two ways to log in to it nobody could say which is meant. */
function twiceRefusals(input: PlacedInput, index: number): Refusal[] {
  const host = input.hosts[index];
  if (host === undefined || input.hosts.findIndex((other) => isSamePlace(other, host)) === index) return [];
  return [
    {
      code: 'INVALID_INPUT',
      message: `${host.address}:${host.port} stands twice`,
      hint: 'Name each host once, with all of its nodes.',
      path: ['input', 'hosts', String(index)],
    },
  ];
}

type Place = { readonly address: string; readonly port: number };

function isSamePlace(one: Place, other: Place): boolean {
  return one.address === other.address && one.port === other.port;
}

/** Jump hosts that lead back to the host itself: by the login that it has now that can be tried, and by the new one never. */
function ringRefusals(input: PlacedInput, index: number, attached: readonly Host[]): Refusal[] {
  const host = input.hosts[index];
  if (host?.jumpAddress === undefined) return [];
  const jumpOf = (place: Place): Place | null => {
    const asked = input.hosts.find((each) => isSamePlace(each, place));
    if (asked !== undefined)
      return asked.jumpAddress === undefined ? null : { address: asked.jumpAddress, port: asked.jumpPort };
    const known = attached.find((each) => isSamePlace(each, place));
    return attached.find(({ id }) => id === known?.jumpHostId) ?? null;
  };
  const passed: Place[] = [];
  for (let at = jumpOf(host); at !== null && !passed.some((each) => isSamePlace(each, at ?? host)); at = jumpOf(at))
    passed.push(at);
  if (!passed.some((each) => isSamePlace(each, host))) return [];
  return [
    {
      code: 'PRECONDITION_FAILED',
      message: `${host.address}:${host.port} would be reached through itself: ${passed.map(({ address, port }) => `${address}:${port}`).join(', then ')}`,
      hint: 'Attach the jump host without a way through this host first.',
      path: ['input', 'hosts', String(index), 'jumpAddress'],
    },
  ];
}

function jumpRefusals(input: PlacedInput, index: number, attached: readonly Host[]): Refusal[] {
  const host = input.hosts[index];
  if (host?.jumpAddress === undefined) return [];
  const isJump = (candidate: { address: string; port: number }) =>
    candidate.address === host.jumpAddress && candidate.port === host.jumpPort;
  if (attached.some(isJump) || input.hosts.slice(0, index).some(isJump)) return [];
  return [
    {
      code: 'PRECONDITION_FAILED',
      message: `The jump host ${host.jumpAddress}:${host.jumpPort} is not attached`,
      hint: 'Attach it first, or put it earlier in the list.',
      path: ['input', 'hosts', String(index), 'jumpAddress'],
    },
  ];
}
