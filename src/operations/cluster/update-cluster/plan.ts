import { noteOnEnvironment } from '../../../domain/approval.ts';
import type { ObservedNode } from '../../../domain/cluster.ts';
import { findSameNode } from '../../../domain/node-identity.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import { saveTopology } from '../save-topology.ts';
import { changeCluster, isSameKnown, type KnownCluster } from './change-cluster.ts';

export type UpdateClusterInput = {
  readonly clusterId: string;
  readonly name?: string | undefined;
  readonly environment?: string | undefined;
  readonly frontends?: readonly { readonly host: string; readonly port: number }[] | undefined;
  readonly sqlUser?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: { readonly enabled: boolean; readonly verify: boolean; readonly ca?: string | undefined } | undefined;
};

export type UpdateClusterFacts = {
  readonly before: KnownCluster;
  /** The cluster that has the new name now. */
  readonly namesakeId: string | null;
  readonly known: readonly Pick<ObservedNode, 'kind' | 'host' | 'port'>[];
  /** The nodes that answered to the new login; null = how the cluster is reached does not change, and nothing was asked. */
  readonly found: readonly ObservedNode[] | null;
  /** Other registered clusters that these nodes belong to. */
  readonly managedAs: readonly string[];
  readonly approvalEnvironments: readonly string[];
};

/** What will be known of the cluster: what was given, and what was known before for the rest. */
export function mergeKnown(before: KnownCluster, given: UpdateClusterInput): KnownCluster {
  const tls = given.tls === undefined ? before.tls : tlsOf(given.tls);
  return {
    name: given.name ?? before.name,
    environment: given.environment ?? before.environment,
    sqlUser: given.sqlUser ?? before.sqlUser,
    passwordRef: given.password ?? before.passwordRef,
    seeds: (given.frontends ?? before.seeds).map(({ host, port }) => ({ host, port })),
    tls,
  };
}

function tlsOf({ enabled, verify, ca }: NonNullable<UpdateClusterInput['tls']>): KnownCluster['tls'] {
  return enabled ? { verify, ca: ca ?? null } : null;
}

/** Whether Starwarden will reach the cluster in another way than before: then the new way has to be proven. */
export function isReachedOtherwise(before: KnownCluster, after: KnownCluster): boolean {
  return !isSameKnown({ ...before, name: '', environment: '' }, { ...after, name: '', environment: '' });
}

/** Refuses an update that changes nothing, a name that is in use, and frontends of another cluster. */
export function planUpdateCluster(input: UpdateClusterInput, facts: UpdateClusterFacts | null): PlanResult {
  if (facts === null) {
    return { refusals: [{ code: 'NOT_FOUND', message: 'The cluster is not registered', hint: 'Register it.' }] };
  }
  const after = mergeKnown(facts.before, input);
  const refusals = [...whyNot(input, facts, after)];
  if (refusals.length > 0) return { refusals };
  return {
    summary: `Update ${facts.before.name}: ${changesOf(facts.before, after).join(', ')}`,
    steps: [changeCluster.with({ before: facts.before, after }), saveTopology.with({})],
    notes: notesOn(facts, after),
  };
}

function* whyNot(input: UpdateClusterInput, facts: UpdateClusterFacts, after: KnownCluster): Generator<Refusal> {
  if (isSameKnown(facts.before, after)) {
    yield {
      code: 'INVALID_INPUT',
      message: `${facts.before.name} is called and reached like that already`,
      hint: 'Give what should change.',
      path: ['input'],
    };
  }
  if (facts.namesakeId !== null && facts.namesakeId !== input.clusterId) {
    yield {
      code: 'ALREADY_EXISTS',
      message: `Another cluster is named ${after.name}`,
      hint: 'Choose another name.',
      path: ['input', 'name'],
    };
  }
  for (const name of facts.managedAs) {
    yield {
      code: 'ALREADY_EXISTS',
      message: `What answers there is the cluster ${name}`,
      hint: `Use ${name}; two names for one cluster are two locks, which is none.`,
      path: ['input', 'frontends'],
    };
  }
  const isStranger =
    facts.found !== null &&
    facts.known.length > 0 &&
    !facts.found.some((node) => findSameNode(facts.known, node) !== undefined);
  if (isStranger) {
    yield {
      code: 'PRECONDITION_FAILED',
      message: `What answers there has no node in common with ${facts.before.name}`,
      hint: 'Give frontends of this very cluster; another cluster is registered with registerCluster.',
      path: ['input', 'frontends'],
    };
  }
}

function changesOf(before: KnownCluster, after: KnownCluster): readonly string[] {
  return [
    ...(before.name === after.name ? [] : [`name ${after.name}`]),
    ...(before.environment === after.environment ? [] : [`environment ${before.environment} → ${after.environment}`]),
    ...(JSON.stringify(before.seeds) === JSON.stringify(after.seeds) ? [] : ['frontends']),
    ...(before.sqlUser === after.sqlUser ? [] : [`SQL user ${after.sqlUser}`]),
    ...(before.passwordRef === after.passwordRef ? [] : ['password']),
    ...(JSON.stringify(before.tls) === JSON.stringify(after.tls) ? [] : [after.tls === null ? 'no TLS' : 'TLS']),
  ];
}

function notesOn({ before, found, approvalEnvironments }: UpdateClusterFacts, after: KnownCluster): readonly string[] {
  const notes: string[] = [];
  if (found !== null) notes.push(`Logged in as ${after.sqlUser} in the new way`);
  if (before.environment !== after.environment) {
    const needed = approvalEnvironments.includes(before.environment);
    const needs = approvalEnvironments.includes(after.environment);
    if (needed && !needs) notes.push(`In ${after.environment} nobody has to approve what affects service any more`);
    if (!needed && needs) notes.push(`In ${after.environment} another person has to approve what affects service`);
    notes.push('Roles that hold for an environment follow its label: who may see and change this cluster may change');
    const note = noteOnEnvironment(after.environment, approvalEnvironments);
    if (note !== null) notes.push(note);
  }
  if (after.passwordRef !== before.passwordRef) notes.push('The password from before is destroyed');
  return notes;
}
