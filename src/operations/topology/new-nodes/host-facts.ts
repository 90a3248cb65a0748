import { installChecks } from '../../../domain/deploy/host-checks.ts';
import { needsCompiler } from '../../../domain/deploy/jdk.ts';
import { placeConflicts, type SurveyedHost } from '../../../domain/deploy/place-conflicts.ts';
import type { Refusal } from '../../../domain/plan.ts';
import type { Release } from '../../../domain/upgrade/release.ts';
import { blocks } from '../../../domain/verdict.ts';
import type { NodeToInstall } from '../steps/new-node-lane.ts';
import type { NewNodeFacts } from './facts.ts';

export type Found = Pick<NewNodeFacts, 'clusterId' | 'neighbours'> & {
  readonly hosts: readonly SurveyedHost[];
  readonly release: Release;
  /** Checks that may fail, by name. */
  readonly accepted: readonly string[];
};

/** What the hosts themselves say against the nodes, and what a person should know of them. */
export function checksBefore(
  made: readonly NodeToInstall[],
  { hosts, clusterId, neighbours, release, accepted }: Found,
): { readonly refusals: readonly Refusal[]; readonly notes: readonly string[] } {
  const nodes = made.map(({ node }) => node);
  const places = placeConflicts(nodes, { clusterId, hosts, neighbours });
  if (places.length > 0) return { refusals: places, notes: [] };
  const checks = installChecks(
    hosts.map(({ hostId, address, survey }) => {
      const own = nodes.filter((node) => node.hostId === hostId);
      return {
        address,
        survey: { value: survey },
        wish: {
          kinds: own.map(({ kind }) => kind),
          jdk: { minimum: release.minimumJdk, needsCompiler: needsCompiler(release.version) },
          packageBytes: release.sizeBytes,
          deployDirs: own.map(({ deployDir }) => deployDir),
          dataDirs: own.flatMap(({ dataDirs }) => dataDirs.map((path) => ({ path, medium: null }))),
          // Whose ports and directories are free is asked above, by node.
          ports: [],
        },
      };
    }),
  );
  const refusals: Refusal[] = checks
    .filter((check) => blocks(check) && !accepted.includes(check.name))
    .map(({ name, observed, hint }) => ({
      code: 'PREFLIGHT_FAILED',
      message: `${name}: ${observed}`,
      hint: `${hint ?? 'Look at the host'}; or accept it: acceptChecks ${name}`,
    }));
  const noRoot = nodes.flatMap(({ unit, hostId }) => {
    const survey = hosts.find((host) => host.hostId === hostId)?.survey;
    return unit === null || survey === undefined || survey.sudo ? [] : [`${survey.user} on ${survey.address}`];
  });
  if (noRoot.length > 0) {
    refusals.push({
      code: 'PREFLIGHT_FAILED',
      message: `Writing a systemd unit needs root, which these may not become without a password: ${noRoot.join(', ')}`,
      hint: 'Leave systemd out, or log in as somebody who may use sudo without a password.',
      path: ['input', 'systemd'],
    });
  }
  const notes = checks
    .filter(({ status, severity }) => status === 'FAIL' && severity !== 'INFO')
    .map(({ name, observed, hint }) => `${name}: ${observed}${hint === null ? '' : ` (${hint})`}`);
  return { refusals, notes };
}

/** The hosts that answered, once each. */
export function surveyedHosts({ hosts }: Pick<NewNodeFacts, 'hosts'>): readonly SurveyedHost[] {
  return hosts.flatMap(({ address, attached: [host], survey }) =>
    host === undefined || survey === null || 'unknown' in survey
      ? []
      : [{ hostId: host.id, address, hostKeyFingerprint: host.hostKeyFingerprint, survey: survey.value }],
  );
}
