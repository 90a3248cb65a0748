import { nodeLabel } from '../domain/node-identity.ts';
import type { NodeProbe } from '../domain/probe.ts';
import { cut } from './define-rule.ts';

const silentProbes = 3;

/** What is worth saying about a cluster that answers, short of an alert. */
export function problemsOf(probes: readonly NodeProbe[], leader: string | null): string[] {
  const silent = probes.filter((probe) => probe.alive === true && probe.httpFailures >= silentProbes);
  return [
    ...(leader === null ? ['The frontends show no leader'] : []),
    ...silent.map(
      (probe) =>
        `${nodeLabel(probe)} is alive for the cluster, but its HTTP port failed ${probe.httpFailures} times in a row: ${cut(probe.httpProblem ?? '')}`,
    ),
  ];
}
