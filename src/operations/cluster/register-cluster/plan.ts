import { noteOnEnvironment } from '../../../domain/approval.ts';
import type { ObservedNode } from '../../../domain/cluster.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import { count } from '../../../domain/words.ts';
import { recordCluster } from '../record-cluster.ts';
import { saveTopology } from '../save-topology.ts';

export type RegisterClusterInput = {
  readonly name: string;
  readonly environment: string;
  readonly frontends: readonly { readonly host: string; readonly port: number }[];
  readonly sqlUser: string;
  readonly password: string;
  readonly tls?: { readonly verify: boolean; readonly ca?: string | undefined } | undefined;
};

export type RegisterClusterFacts = {
  readonly nameTaken: boolean;
  readonly nodes: readonly ObservedNode[];
  /** Names of registered clusters that these frontends belong to already. */
  readonly managedAs: readonly string[];
  /** What is wrong with the list of nodes itself, as sentences. */
  readonly listProblems: readonly string[];
  readonly approvalEnvironments: readonly string[];
};

/**
 * Refuses a name that is in use, and a cluster that is managed under another name: with two locks for one cluster,
 * neither would protect it.
 */
export function planRegisterCluster(input: RegisterClusterInput, facts: RegisterClusterFacts): PlanResult {
  const refusals: Refusal[] = [];
  if (facts.nameTaken) {
    refusals.push({
      code: 'ALREADY_EXISTS',
      message: `A cluster named ${input.name} is registered already`,
      hint: 'Choose another name, or unregister the other one.',
      path: ['input', 'name'],
    });
  }
  for (const name of facts.managedAs) {
    refusals.push({
      code: 'ALREADY_EXISTS',
      message: `This cluster is registered already, as ${name}`,
      hint: `Use ${name}.`,
      path: ['input', 'frontends'],
    });
  }
  if (refusals.length > 0) return { refusals };
  const { name, environment, sqlUser, frontends } = input;
  const tls = input.tls === undefined ? null : { verify: input.tls.verify, ca: input.tls.ca ?? null };
  return {
    summary: `Register ${name}: ${countOf(facts.nodes)}`,
    steps: [
      recordCluster.with({
        name,
        environment,
        sqlUser,
        passwordRef: input.password,
        seeds: frontends.map((frontend) => ({ ...frontend })),
        tls,
      }),
      saveTopology.with({}),
    ],
    notes: [
      ...environmentNotes(input.environment, facts.approvalEnvironments),
      ...facts.nodes
        .filter((node) => !node.alive)
        .map((node) => `${node.host}:${node.port} is not alive: ${node.errorMessage ?? 'no reason given'}`),
      ...facts.listProblems,
    ],
  };
}

function environmentNotes(environment: string, approvalEnvironments: readonly string[]): readonly string[] {
  const note = noteOnEnvironment(environment, approvalEnvironments);
  return note === null ? [] : [note];
}

function countOf(nodes: readonly ObservedNode[]): string {
  const of = (kind: ObservedNode['kind']) => nodes.filter((node) => node.kind === kind).length;
  const versions = [...new Set(nodes.map((node) => node.version).filter((version) => version !== null))];
  const parts = [
    count(of('FRONTEND'), 'frontend'),
    count(of('BACKEND'), 'backend'),
    count(of('COMPUTE_NODE'), 'compute node'),
  ];
  return `${parts.join(', ')}, version ${versions.join(' and ') || 'unknown'}`;
}
