import { noteOnEnvironment } from '../../../domain/approval.ts';
import type { Lane, PlanResult, Refusal, StepSpec } from '../../../domain/plan.ts';
import { borneByEven } from '../../../domain/quorum.ts';
import { hasLocations } from '../../../domain/topology-change/location.ts';
import { count } from '../../../domain/words.ts';
import { withMedia } from '../fields.ts';
import { addressOf } from '../new-node.ts';
import { checksBefore } from '../new-nodes/host-facts.ts';
import { makeNode, type NodeWish, onHost } from '../new-nodes/make-node.ts';
import { joinedStep, joinSteps } from '../new-nodes/plan.ts';
import { catalogued } from '../new-nodes/release-refusals.ts';
import { installSteps, type NodeToInstall, startSteps } from '../steps/new-node-lane.ts';
import { forgetRootPassword } from './forget-root-password.ts';
import { type UsableHost, usableHosts } from './host-refusals.ts';
import type { DeployClusterInput } from './input.ts';
import type { DeployFacts } from './observe.ts';
import { recordNewCluster, recordNewHost } from './record-new.ts';
import { secureFirstFrontend } from './secure-first-frontend.ts';
import { tryCluster } from './try-cluster.ts';

type Wanted = NodeToInstall & { readonly location: string | null };

/** A whole cluster on machines that nobody else uses for it. Pure. */
export function planDeployCluster(input: DeployClusterInput, facts: DeployFacts): PlanResult {
  const usable = usableHosts(input, facts);
  const { release, refusals: unlisted } = releaseOf(input, facts);
  const refusals: Refusal[] = [...ownRefusals(input, facts), ...unlisted, ...usable.refusals];
  if (release === null || facts.release === null || usable.refusals.length > 0) return { refusals };
  const { wanted, refusals: wrong } = makeNodes(input, usable.hosts, release);
  refusals.push(...wrong);
  if (refusals.length > 0) return { refusals };
  const { clusterId, neighbours } = facts;
  const before = checksBefore(wanted, {
    ...{ clusterId, neighbours, release: facts.release, accepted: input.acceptChecks },
    hosts: usable.hosts.map(({ hostId, address, fingerprint, survey }) => ({
      ...{ hostId, address, hostKeyFingerprint: fingerprint },
      survey: { ...survey, hostId, address },
    })),
  });
  if (before.refusals.length > 0) return before;
  return {
    summary: summaryOf(input, wanted),
    steps: stepsOf(input, facts.release, { wanted, hosts: usable.hosts }),
    notes: [...notesOn(input, wanted, facts), ...before.notes],
  };
}

function ownRefusals(input: DeployClusterInput, { isNameTaken, emptyPasswords }: DeployFacts): readonly Refusal[] {
  const refusals: Refusal[] = [];
  const refuse = (code: Refusal['code'], message: string, [hint, ...path]: readonly [string, ...string[]]) =>
    refusals.push({ code, message, hint, path: ['input', ...path] });
  if (isNameTaken) {
    const hint = 'Choose another name, or unregister the other one.';
    refuse('ALREADY_EXISTS', `A cluster named ${input.name} is registered already`, [hint, 'name']);
  }
  const hint = 'Give a password that nobody can guess.';
  if (emptyPasswords.root) refuse('INVALID_INPUT', 'The password of root is empty', [hint, 'rootPassword']);
  if (emptyPasswords.own) refuse('INVALID_INPUT', `The password of ${input.sqlUser} is empty`, [hint, 'password']);
  if (input.sqlUser.toLowerCase() === 'root')
    refuse('INVALID_INPUT', 'Starwarden gets a user of its own, not root', ['Give another name.', 'sqlUser']);
  const voters = input.frontends.filter(({ role }) => role === 'FOLLOWER').length;
  if (input.frontends[0]?.role !== 'FOLLOWER') {
    const first = 'Put a follower first.';
    refuse('INVALID_INPUT', 'The first frontend begins the cluster, so it votes', [first, 'frontends', '0', 'role']);
  }
  if (voters > 0 && voters % 2 === 0) {
    const less = voters - 1;
    refuse('QUORUM_AT_RISK', `${count(voters, 'frontend')} would vote: ${borneByEven(voters)}`, [
      `Give ${less} or ${voters + 1} followers, or make one an observer.`,
      'frontends',
    ]);
  }
  const located = input.backends.findIndex(({ location }) => location !== undefined);
  if (located !== -1 && hasLocations(input.version) !== true) {
    const since = 'It came with 3.2.8. Leave the location out.';
    refuse('PRECONDITION_FAILED', `${input.version} has no labels.location`, [since, 'backends', String(located)]);
  }
  return refusals;
}

function releaseOf({ version }: DeployClusterInput, { release }: DeployFacts) {
  const path = ['input', 'version'];
  const frontend = catalogued('FRONTEND', { version, release }, path);
  return frontend.release === null ? frontend : catalogued('BACKEND', { version, release }, path);
}

function makeNodes(
  input: DeployClusterInput,
  hosts: readonly UsableHost[],
  release: { version: string; sha256: string },
): { readonly wanted: readonly Wanted[]; readonly refusals: readonly Refusal[] } {
  const wanted: Wanted[] = [];
  const refusals: Refusal[] = [];
  let first: Wanted | null = null;
  for (const { field, index, at, location, ...wish } of wishesOf(input)) {
    const found = hosts.find(({ address }) => address === at);
    if (found === undefined) continue; // refused above
    const { user } = found.survey;
    // The first frontend begins the cluster, so nobody helps it.
    const helper = wish.kind !== 'FRONTEND' || first === null ? null : addressOf(first.node);
    const made = makeNode(
      { ...wish, host: found.address, ...(input.systemd ? { systemd: { user, helper, hostType } } : {}) },
      onHost({ hostId: found.hostId, hostAddress: found.address }, found.survey),
      release,
    );
    if ('refusals' in made) {
      const path = ['input', field, String(index)];
      refusals.push(...made.refusals.map((each) => ({ ...each, path: [...path, ...(each.path ?? [])] })));
    } else {
      const node = { ...made, location };
      first ??= node;
      wanted.push(node);
    }
  }
  return { wanted, refusals };
}

type Wish = Omit<NodeWish, 'host'> & {
  readonly field: string;
  readonly index: number;
  /** The address of its host. */
  readonly at: string;
  readonly location: string | null;
};

/** In the order in which they begin to be. */
function wishesOf({ frontends, backends, computeNodes, frontendConf, backendConf }: DeployClusterInput): Wish[] {
  return [
    ...frontends.map(({ host, role, deployDir, metaDir = null, conf }, index) => ({
      ...{ field: 'frontends', index, at: host, location: null, kind: 'FRONTEND' as const, role, deployDir, metaDir },
      ...{ storage: [], conf: merged(frontendConf, conf) },
    })),
    ...backends.map(({ host, deployDir, storage, location = null, conf }, index) => ({
      ...{ field: 'backends', index, at: host, location, kind: 'BACKEND' as const, role: null, deployDir },
      ...{ metaDir: null, storage: withMedia(storage), conf: merged(backendConf, conf) },
    })),
    ...computeNodes.map(({ host, deployDir, storage, conf }, index) => ({
      ...{ field: 'computeNodes', index, at: host, location: null, kind: 'COMPUTE_NODE' as const, role: null },
      ...{ deployDir, metaDir: null, storage: withMedia(storage), conf: merged(backendConf, conf) },
    })),
  ];
}

/** What is given for one node wins over what is given for all; twice in one list stays a mistake. */
function merged(forAll: readonly string[], own: readonly string[]): readonly string[] {
  const keyOf = (line: string) => line.slice(0, line.indexOf('=')).trim();
  const keys = own.map(keyOf);
  return [...forAll.filter((line) => !keys.includes(keyOf(line))), ...own];
}

/** Nodes of a new cluster are known by IP addresses. */
const hostType = 'IP' as const;

type Parts = { readonly wanted: readonly Wanted[]; readonly hosts: readonly UsableHost[] };

/** How many hosts get the release at the same time, and how many workers start. */
const atOnce = 10;

function stepsOf(
  input: DeployClusterInput,
  { source, sizeBytes }: NonNullable<DeployFacts['release']>,
  { wanted, hosts }: Parts,
): StepSpec[] {
  const [first, ...others] = wanted;
  if (first === undefined) throw new Error('a plan without a node');
  const { name, environment, sqlUser, password, rootPassword, user, privateKey, passphrase } = input;
  const { label, host } = first.node;
  const queryPort = first.node.ports.query_port ?? 0;
  const door = { label, host, queryPort, rootPasswordRef: rootPassword };
  const firstLane: Lane = { stage: 'First frontend', name: label, width: 1 };
  const start = { hostType, steadySeconds: 3 };
  return [
    recordNewCluster.with({ name, environment, sqlUser, passwordRef: password, seed: { host, port: queryPort } }),
    ...hosts.map(({ hostId, address, fingerprint }) =>
      recordNewHost.with({
        ...{ hostId, address, port: portOf(input, address), user, fingerprint },
        ...{ privateKeyRef: privateKey ?? null, passphraseRef: passphrase ?? null },
      }),
    ),
    ...hosts.flatMap(({ hostId, address }) =>
      installSteps(
        wanted.filter(({ node }) => node.hostId === hostId),
        { source, sizeBytes },
        { stage: 'Install', name: address, width: atOnce },
      ),
    ),
    ...startSteps(first.node, { ...start, helper: null, isAlone: true }, firstLane),
    secureFirstFrontend.with({ ...door, sqlUser, passwordRef: password }, firstLane),
    joinedStep(first.node, firstLane),
    ...others.flatMap(({ node, location }) => {
      const isFrontend = node.kind === 'FRONTEND';
      const stage = isFrontend ? 'Add frontends' : 'Add workers';
      const lane: Lane = { stage, name: node.label, width: isFrontend ? 1 : atOnce };
      const helper = isFrontend ? addressOf(first.node) : null;
      return [...startSteps(node, { ...start, helper, isAlone: false }, lane), ...joinSteps(node, { location, lane })];
    }),
    tryCluster.with({ ...door, replicas: replicasOf(input) }),
    forgetRootPassword.with({ rootPasswordRef: rootPassword }),
  ];
}

function portOf({ hosts }: DeployClusterInput, address: string): number {
  return hosts.find((host) => host.address === address)?.port ?? 22;
}

function replicasOf({ backends }: DeployClusterInput): 1 | 2 | 3 {
  return backends.length >= 3 ? 3 : backends.length === 2 ? 2 : 1;
}

function summaryOf(
  { name, version, frontends, backends, computeNodes, hosts }: DeployClusterInput,
  wanted: readonly Wanted[],
) {
  const parts = [count(frontends.length, 'frontend'), count(backends.length, 'backend')];
  if (computeNodes.length > 0) parts.push(count(computeNodes.length, 'compute node'));
  const labels = wanted.map(({ node }) => node.label).join(', ');
  return `Deploy ${name} with ${version}: ${parts.join(', ')} on ${count(hosts.length, 'host')}: ${labels}`;
}

function notesOn(
  input: DeployClusterInput,
  wanted: readonly Wanted[],
  { approvalEnvironments }: DeployFacts,
): readonly string[] {
  const note = noteOnEnvironment(input.environment, approvalEnvironments);
  const voters = input.frontends.filter(({ role }) => role === 'FOLLOWER').length;
  const replicas = replicasOf(input);
  const crowded = input.hosts.filter(({ address }) => {
    const own = wanted.filter(({ node }) => node.hostAddress === address);
    return own.length > 1 && own.some(({ node }) => node.kind !== 'FRONTEND' && !/^mem_limit\s*=/m.test(node.conf));
  });
  return [
    ...(note === null ? [] : [note]),
    ...(voters >= 3 ? [] : ['One frontend votes: when it is down, so is the cluster. Three bear the loss of one']),
    ...(replicas === 3
      ? []
      : [
          `With ${count(input.backends.length, 'backend')} a table takes "replication_num" = "${replicas}" at the most, and the default is 3`,
        ]),
    ...crowded.map(
      ({ address }) =>
        `Several nodes share ${address}: without mem_limit each backend counts on 90% of its memory; give it in backendConf`,
    ),
    `The user ${input.sqlUser} may log in from everywhere ('%'), since nobody knows from where Starwarden will come; the firewall decides`,
  ];
}
