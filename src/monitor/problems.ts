import { nodeLabel } from '../domain/node-identity.ts';
import type { NodeProbe } from '../domain/probe.ts';
import { cut } from './define-rule.ts';

const silentProbes = 3;

/** Problems of a cluster that answers which are worth showing but are no alerts. */
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
