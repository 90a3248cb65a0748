import { z } from 'zod';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { dropFrontend as dropFrontendStatement } from '../../../adapters/starrocks/statements.ts';
import { isSameNode } from '../../../domain/node-identity.ts';
import { findLeader } from '../../../domain/quorum.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import {
  whyListedTwice,
  whyNoHandOver,
  whyNotDrop,
  whyTooFewLeft,
} from '../../../domain/topology-change/frontend-guards.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { findRow } from './find-row.ts';
import { leavingNode, reachableNode, refOf, removedRecord, startStopped } from './leaving-node.ts';
import { noteLeaving } from './note-leaving.ts';

const soonMs = 1_000;

/**
 * Drops one frontend and looks. Before that: it does not lead, of the voters that are left a majority is alive, and they are
 * not fewer than the plan said, so that two requests of the same moment do not leave a single one. Its role is read right
 * before, because the statement names it.
 */
export const dropFrontend = defineStep({
  kind: 'dropFrontend',
  params: leavingNode.extend({
    /** How many voting frontends are left after it, by the plan. */
    votersLeft: z.number(),
  }),
  about: nodeSubject,
  effect: 'changes',
  needs: { noted: [noteLeaving] },
  ports: ['sql'],
  timeoutMs: 300_000,
  settleMs: 15_000,
  repeat: 'safe', // a frontend that is gone is not dropped again
  bindsNext: true, // a process that was dropped answers /api/health well, so it is stopped
  pointOfNoReturn: true, // started again, it would be a stranger to the others
  describe: ({ label }) => `Drop ${label}, and look that it is out of the cluster`,
  check: async (leaving, { sql }, { signal, found }) => {
    if ((await findRow(sql, leaving, signal)) !== null) return { state: 'todo' };
    return {
      state: 'done',
      records: [removedRecord(leaving, { noted: found.noted, processEnded: null })],
    };
  },
  apply: async (leaving, { sql }, { signal }) => {
    // A hand-over takes some seconds, in which no frontend leads.
    const topology = await readTopology(sql, { signal });
    const nodes = toObservedNodes(topology);
    const why = whyListedTwice(topology, [leaving]) ?? whyNotDrop(nodes, leaving) ?? whyTooFewLeft(nodes, leaving);
    if (why !== null) throw new AppError(why.code, why.message, { hint: why.hint });
    const row = nodes.find((node) => isSameNode(node, leaving));
    if (row === undefined) return;
    const role = row.role === 'OBSERVER' ? 'OBSERVER' : 'FOLLOWER';
    await sql.query(dropFrontendStatement({ role, host: leaving.host, port: leaving.port }), { signal });
  },
  undo: { impossible: 'A frontend that was dropped is a stranger to the others: add a new one with addFrontends' },
});

/**
 * Lets another frontend lead: the leader is stopped gracefully, which hands leadership over (3.4 and later). Nothing is
 * done when another one leads already. The frontend is dropped next, so it is not started again, unless the run fails.
 */
export const handOverLeadership = defineStep({
  kind: 'handOverLeadership',
  params: reachableNode.extend({ timeoutSeconds: z.number() }),
  about: nodeSubject,
  effect: 'takes-away',
  ports: ['sql', 'node'],
  timeoutMs: ({ timeoutSeconds }) => (timeoutSeconds + 300) * 1_000,
  settleMs: 120_000, // an election
  repeat: 'safe', // a process that is stopping already is not sent anything new
  bindsNext: true, // a frontend that was stopped to be dropped is dropped
  describe: ({ label }) => `Let another frontend lead if ${label} does: stop it gracefully`,
  check: async (leaving, { sql }, { signal, attempts }) => {
    const nodes = toObservedNodes(await readTopology(sql, { signal }, { waitMs: 0 }));
    const leader = findLeader(nodes);
    if (leader !== undefined && !isSameNode(leader, leaving)) return { state: 'done', facts: { leader: leader.host } };
    if (leader !== undefined) return { state: 'todo' };
    if (attempts === 0)
      return {
        state: 'blocked',
        code: 'QUORUM_AT_RISK',
        message: 'The frontends have no leader now',
        hint: 'Bring frontends up first.',
      };
    return {
      state: 'moving',
      progress: { completed: 0, total: null, message: 'The frontends elect a leader' },
      wakeAfterMs: soonMs,
    };
  },
  apply: async (leaving, { sql, node }, { signal, log }) => {
    const nodes = toObservedNodes(await readTopology(sql, { signal }));
    const leader = findLeader(nodes);
    if (leader !== undefined && !isSameNode(leader, leaving)) return;
    const why = leader === undefined ? null : whyNoHandOver(nodes, leader);
    if (why !== null) throw new AppError(why.code, why.message, { hint: why.hint });
    const { timeoutSeconds, version } = leaving;
    await (await node(refOf(leaving))).stop(undefined, { graceful: true, timeoutSeconds, version }, { signal, log });
  },
  recover: (leaving) => [startStopped(leaving)],
  undo: { steps: (leaving) => [startStopped(leaving)] },
});
