import type { Refusal } from '../plan.ts';
import type { BackendRow, ComputeNodeRow } from '../topology.ts';

export type WorkersFacts = {
  readonly backends: readonly Pick<BackendRow, 'alive' | 'decommissioning'>[];
  readonly computeNodes: readonly Pick<ComputeNodeRow, 'alive' | 'host' | 'heartbeatPort'>[];
  /** Null = not known. */
  readonly runMode: string | null;
};

/** Why compute nodes (`host:port`) may not go: somebody has to be left to run queries. Empty = they may. */
export function computeNodeRefusals(
  { backends, computeNodes, runMode }: WorkersFacts,
  leaving: readonly string[],
): readonly Refusal[] {
  if (runMode === null)
    return [
      {
        code: 'PREFLIGHT_FAILED',
        message: 'It could not be told whether the cluster keeps its data on its backends (run_mode)',
        hint: 'The user of Starwarden needs OPERATE. Then ask again.',
      },
    ];
  const left = computeNodes.filter(
    ({ alive, host, heartbeatPort }) => alive && !leaving.includes(`${host}:${heartbeatPort}`),
  ).length;
  const living = backends.filter(({ alive, decommissioning }) => alive && !decommissioning).length;
  // With data on the backends they can run every query themselves.
  if (left + living > 0) return [];
  return [
    {
      code: 'PREFLIGHT_FAILED',
      message: 'No living backend or compute node would be left, so no query could run',
      hint: 'Add a node first, or bring one up.',
    },
  ];
}
