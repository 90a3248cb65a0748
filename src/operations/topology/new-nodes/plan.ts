import type { NodeKind } from '../../../domain/cluster.ts';
import { sharedHostKeys } from '../../../domain/deploy/separate-machines.ts';
import type { Lane, PlanResult, Refusal, StepSpec } from '../../../domain/plan.ts';
import { findLeader } from '../../../domain/quorum.ts';
import { notesOnAdding, refusalsOfAdding } from '../../../domain/topology-change/adding.ts';
import { addressInCluster, usesNames } from '../../../domain/topology-change/address.ts';
import { hasLocations } from '../../../domain/topology-change/location.ts';
import { count } from '../../../domain/words.ts';
import { labelBackend } from '../../node/set-node-location/label-backend.ts';
import { addressOf } from '../new-node.ts';
import { addToCluster } from '../steps/add-to-cluster.ts';
import { awaitJoined } from '../steps/await-joined.ts';
import { type Archive, type NodeToInstall, newNodeLane } from '../steps/new-node-lane.ts';
import type { NewNodeFacts } from './facts.ts';
import { checksBefore, surveyedHosts } from './host-facts.ts';
import { makeNode, type NodeWish, type OnHost, onHost } from './make-node.ts';
import { releaseRefusals } from './release-refusals.ts';

/** What one request wants, the same on each of its hosts. */
export type AddWish = Pick<NodeWish, 'kind' | 'role' | 'deployDir' | 'metaDir' | 'storage' | 'conf'> & {
  readonly systemd: boolean;
  readonly acceptChecks: readonly string[];
  readonly location: string | null;
};

const words: Readonly<Record<NodeKind, string>> = {
  FRONTEND: 'frontend',
  BACKEND: 'backend',
  COMPUTE_NODE: 'compute node',
};

/** Nodes of one kind, one on each host: installed, started, told to the cluster, and seen alive. Pure. */
export function planAddNodes(wish: AddWish, facts: NewNodeFacts): PlanResult {
  const frontends = facts.nodes.filter(({ kind }) => kind === 'FRONTEND');
  const byName = usesNames(frontends);
  const leader = findLeader(facts.nodes);
  const helper = wish.kind !== 'FRONTEND' || leader === undefined ? null : addressOf(leader);
  const hostType = byName ? ('FQDN' as const) : ('IP' as const);
  const { release, refusals: releaseProblems } = releaseRefusals(wish.kind, {
    ...facts,
    // A node that was down while the others were upgraded is just what is replaced.
    nodes: facts.nodes.filter((node) => node.alive || node !== facts.leaving),
  });
  const refusals: Refusal[] = [...releaseProblems];
  const made: NodeToInstall[] = [];
  for (const [index, host] of facts.hosts.entries()) {
    const path = ['input', 'hosts', String(index)];
    const at = usableHost(host, path);
    const address = addressInCluster(host.address, { byName, resolved: host.resolved, path });
    if ('code' in at) refusals.push(at);
    if ('code' in address) refusals.push(address);
    if ('code' in at || 'code' in address || release === null) continue;
    const user = host.attached[0]?.user ?? '';
    const { systemd, ...own } = wish;
    const node = makeNode(
      { ...own, host: address.host, ...(systemd ? { systemd: { user, helper, hostType } } : {}) },
      at,
      release,
    );
    if ('refusals' in node) {
      refusals.push(...node.refusals.map((each) => ({ ...each, path: ['input', ...(each.path ?? [])] })));
      break; // they are the same on every host
    }
    made.push(node);
  }
  refusals.push(
    ...refusalsOfAdding(
      made.map(({ node }) => node),
      facts.nodes,
      ['input', 'hosts'],
      facts.leaving ?? null,
    ),
  );
  refusals.push(...httpPortRefusals(made, facts), ...locationRefusals(wish, facts), ...keyRefusals(facts));
  if (refusals.length > 0) return { refusals };
  if (facts.release === null) throw new Error('a release that is not there passed');
  const before = checksBefore(made, {
    ...facts,
    release: facts.release,
    hosts: surveyedHosts(facts),
    accepted: wish.acceptChecks,
  });
  if (before.refusals.length > 0) return before;
  const { source, sizeBytes } = facts.release;
  const names = made.map(({ node }) => node.label);
  return {
    summary: `Add ${count(made.length, words[wish.kind])} with ${facts.version}: ${names.join(', ')}`,
    steps: made.flatMap((each) =>
      stepsFor(each, { archive: { source, sizeBytes }, helper, hostType, location: wish.location }),
    ),
    notes: [
      ...notesOnAdding(
        made.map(({ node }) => node),
        facts.nodes,
      ),
      ...before.notes,
    ],
  };
}

function usableHost(
  { address, attached, survey }: NewNodeFacts['hosts'][number],
  path: readonly string[],
): OnHost | Refusal {
  const [host, ...others] = attached;
  if (host === undefined) {
    const hint = 'Attach it first with attachHosts, without nodes.';
    return { code: 'CREDENTIAL_MISSING', message: `There is no SSH access to ${address}`, hint, path };
  }
  if (others.length > 0) {
    const message = `${address} is attached by several SSH ports: ${attached.map(({ port }) => port).join(', ')}`;
    return { code: 'PRECONDITION_FAILED', message, hint: 'Detach all but one of them.', path };
  }
  if (survey === null || 'unknown' in survey) {
    const message = `${address} could not be looked at: ${survey === null ? 'nobody looked' : survey.unknown}`;
    return { code: 'PRECONDITION_FAILED', message, hint: 'Mend the login or the host, then ask again.', path };
  }
  return onHost({ hostId: host.id, hostAddress: address }, survey.value);
}

function keyRefusals({ hosts }: NewNodeFacts): readonly Refusal[] {
  const keys = hosts.flatMap(({ address: where, attached: [host] }) =>
    host?.hostKeyFingerprint == null ? [] : [{ where, key: host.hostKeyFingerprint }],
  );
  return sharedHostKeys(keys, ['input', 'hosts']);
}

/** A frontend calls the others on its own http_port. */
function httpPortRefusals(made: readonly NodeToInstall[], { nodes }: NewNodeFacts): readonly Refusal[] {
  const known = nodes.find(({ kind, httpPort }) => kind === 'FRONTEND' && httpPort !== null)?.httpPort ?? null;
  const other = made.find(({ node }) => node.kind === 'FRONTEND' && known !== null && node.ports.http_port !== known);
  if (other === undefined) return [];
  return [
    {
      code: 'INVALID_INPUT',
      message: `The other frontends have http_port ${known}, and ${other.node.label} would have ${other.node.ports.http_port}`,
      hint: `Frontends call each other on their own http_port: give "http_port = ${known}".`,
      path: ['input', 'conf'],
    },
  ];
}

function locationRefusals({ location }: AddWish, { version }: NewNodeFacts): readonly Refusal[] {
  if (location === null || hasLocations(version) === true) return [];
  return [
    {
      code: 'PRECONDITION_FAILED',
      message: `${version ?? 'The version'} has no labels.location`,
      hint: 'It came with 3.2.8. Leave the location out.',
      path: ['input', 'location'],
    },
  ];
}

type How = {
  readonly archive: Archive;
  readonly helper: string | null;
  readonly hostType: 'IP' | 'FQDN';
  readonly location: string | null;
};

/** Frontends one at a time; workers side by side. */
function stepsFor(each: NodeToInstall, { archive, helper, hostType, location }: How): StepSpec[] {
  const { node } = each;
  const isFrontend = node.kind === 'FRONTEND';
  const lane: Lane = { stage: `Add ${words[node.kind]}s`, name: node.label, width: isFrontend ? 1 : 10 };
  return [
    ...newNodeLane(each, { archive, start: { helper, hostType, isAlone: false, steadySeconds: 3 }, lane }),
    ...joinSteps(node, { location, lane }),
  ];
}

/** From a process that runs to a node of the cluster. */
export function joinSteps(
  node: NodeToInstall['node'],
  { location, lane }: { location: string | null; lane: Lane | undefined },
): StepSpec[] {
  const { label, kind, role, host, port } = node;
  const own = { label, kind, role, host, port };
  return [
    addToCluster.with(own, lane),
    ...(location === null
      ? []
      : [labelBackend.with({ nodeId: null, label, host, port, before: null, location }, lane)]),
    joinedStep(node, lane),
  ];
}

/** Until the cluster says that it is alive. */
export function joinedStep(node: NodeToInstall['node'], lane: Lane | undefined): StepSpec {
  const { label, kind, role, host, port, hostId, deployDir, unit, release } = node;
  return awaitJoined.with(
    {
      ...{ label, kind, role, host, port, version: release.version },
      place: { hostId, deployDir, unit },
      timeoutSeconds: kind === 'FRONTEND' ? 900 : 180,
    },
    lane,
  );
}
