import type { SqlReader, Statement } from '../../../adapters/starrocks/port.ts';
import { problemsIn, readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import {
  decommissionBackend,
  dropBackend,
  dropComputeNode,
  dropFrontend,
} from '../../../adapters/starrocks/statements.ts';
import { findSameNode } from '../../../domain/node-identity.ts';
import { whyNotDrop } from '../../../domain/topology-change/leaving.ts';
import { count } from '../../../domain/words.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { type MemberParams, member, newNodeSubject } from './member.ts';

/*
 * The way back of a node that a run has added. A backend leaves by DECOMMISSION, since the cluster moves tablets to it from
 * its first minute; what it holds then is drained first.
 */

async function look(node: MemberParams, sql: SqlReader, signal: AbortSignal) {
  const topology = await readTopology(sql, { signal });
  const nodes = toObservedNodes(topology);
  return { topology, nodes, row: findSameNode(nodes, node) };
}

export const decommissionAdded = defineStep({
  kind: 'decommissionAdded',
  params: member,
  about: newNodeSubject,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 24 * 3_600_000,
  settleMs: 15_000,
  repeat: 'safe', // a second one is ignored
  describe: ({ label }) => `Drain ${label}: the cluster moves its tablets to the other backends`,
  check: async (node, { sql }, { signal }) => {
    const { row } = await look(node, sql, signal);
    // One that holds nothing is dropped: DECOMMISSION is refused where the others are too few for the tables there are.
    if (row === undefined || row.tabletCount === 0) return { state: 'done' };
    if (!row.decommissioning) return { state: 'todo' };
    const tablets = row.tabletCount ?? 0;
    const message = `${node.label} still holds ${count(tablets, 'tablet')}`;
    return { state: 'moving', progress: { completed: 0, total: null, message }, wakeAfterMs: 2_000 };
  },
  apply: async ({ host, port }, { sql }, { signal }) => {
    await sql.query(decommissionBackend({ host, port }), { signal, timeoutMs: 30_000 });
  },
  undo: { nothing: 'It is itself a way back.' },
});

/**
 * Takes a node out by DROP, without force: a backend only when it leaves and holds nothing, a frontend only when it does
 * not lead and the others can elect without it. StarRocks itself asks for hardly any of that.
 */
export const dropFromCluster = defineStep({
  kind: 'dropFromCluster',
  params: member,
  about: newNodeSubject,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 180_000,
  settleMs: 15_000,
  repeat: 'safe',
  describe: ({ label }) => `Take ${label} out of the cluster`,
  check: async (node, { sql }, { signal }) => {
    const { topology, nodes, row } = await look(node, sql, signal);
    if (row === undefined) {
      const seen = { nodes, runMode: null, problems: problemsIn(topology) };
      return { state: 'done', records: [{ record: 'topologySeen', topology: seen }] };
    }
    const why = whyNotDrop(row, nodes);
    return why === null ? { state: 'todo' } : { state: 'blocked', ...why };
  },
  apply: async (node, { sql }, { signal }) => {
    const { nodes, row } = await look(node, sql, signal);
    if (row === undefined) return;
    const why = whyNotDrop(row, nodes);
    if (why !== null) throw new AppError(why.code, why.message, { hint: why.hint });
    try {
      await sql.query(dropStatement(node), { signal, timeoutMs: 30_000 });
    } catch (error) {
      // The cluster drops a drained backend by itself, maybe just now.
      if ((await look(node, sql, signal)).row !== undefined) throw error;
    }
  },
  undo: { nothing: 'It is itself a way back.' },
});

function dropStatement({ kind, role, host, port }: MemberParams): Statement {
  switch (kind) {
    case 'FRONTEND':
      return dropFrontend({ host, port, role: role ?? 'FOLLOWER' });
    case 'BACKEND':
      return dropBackend({ host, port, force: false });
    case 'COMPUTE_NODE':
      return dropComputeNode({ host, port });
    default:
      return kind satisfies never;
  }
}
