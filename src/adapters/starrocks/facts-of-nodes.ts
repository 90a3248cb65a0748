import type { NodeKind } from '../../domain/cluster.ts';
import type { FactAnswers } from '../../domain/metrics/facts.ts';
import type { BackendRow, ComputeNodeRow, WorkerRow } from '../../domain/topology.ts';
import { answersOf, ofEach } from './fact-answer.ts';

export type NodesAsRead = {
  readonly backends: readonly BackendRow[];
  readonly computeNodes: readonly ComputeNodeRow[];
  /** The id of a node in the inventory; null = it is not there (yet). */
  readonly idOf: (node: { kind: NodeKind; host: string; port: number }) => string | null;
  readonly at: Date;
};

/** The facts that stand in the rows of SHOW BACKENDS and SHOW COMPUTE NODES, which each look reads anyway. */
export function factsOfNodes({ backends, computeNodes, idOf, at }: NodesAsRead): FactAnswers {
  const rows = [
    ...backends.map((row) => ({ row, tablets: row.tabletCount, id: idOf(address('BACKEND', row)) })),
    ...computeNodes.map((row) => ({ row, tablets: null, id: idOf(address('COMPUTE_NODE', row)) })),
  ].flatMap(({ id, ...rest }) => (id === null ? [] : [{ id, ...rest }]));
  const subjectOf = ({ id }: { id: string }) => ({ nodeId: id });
  return answersOf(
    {
      // 0 B is shown of a node that has not told its limit yet.
      memory_limit_bytes: ofEach(rows, subjectOf, ({ row }) => row.memoryLimitBytes || null),
      tablets_on_node: ofEach(rows, subjectOf, ({ tablets }) => tablets),
    },
    ['memory_limit_bytes', 'tablets_on_node'],
    { atMs: at.getTime() },
  );
}

function address(kind: NodeKind, { host, heartbeatPort }: WorkerRow) {
  return { kind, host, port: heartbeatPort };
}
