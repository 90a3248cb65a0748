import { z } from 'zod';
import { readRunningJobs } from '../../../adapters/starrocks/read-jobs.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { findSameNode } from '../../../domain/node-identity.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import { type MoveFacts, whyNotNow } from '../../../domain/upgrade/move-safety.ts';
import { defineStep } from '../../../steps/define.ts';
import { otherArchive } from '../../../steps/release/other-archive.ts';
import { countUnhealthy } from './await-tablets.ts';
import { nodeMove, notedNode } from './place.ts';

const minutesMs = 60_000;

/**
 * A gate before each node: may it be taken away now? It waits for what passes by itself (a backup, tablets that are being
 * repaired, a frontend that is coming back) and fails for anything else. It also records the process that will be
 * stopped.
 *
 * The leader of the moment lets the other frontends of its stage go first, whoever led when the plan was made.
 */
export const guardNode = defineStep({
  kind: 'guardNode',
  params: nodeMove.extend({
    /** Backends of the same failure domain, which may be away at the same time: `host:port`. */
    mates: z.array(z.string()),
    /**
     * The version line (such as `3.5`) that all living nodes of the other sort must be on by now; null = none is
     * demanded.
     */
    workersOn: z.string().nullable(),
    frontendsOn: z.string().nullable(),
    /** `in`: the node gets the release; `back`: the release is taken out again. */
    swap: z.enum(['in', 'back']),
  }),
  about: nodeSubject,
  effect: 'looks',
  facts: notedNode.extend({ version: z.string().nullable() }),
  observed: ({ version }) => version,
  ports: ['sql', 'node', 'inventory'],
  timeoutMs: 15 * minutesMs,
  repeat: 'safe',
  bindsNext: true, // what was found is true now, and may not be later
  describe: ({ label }) => `See whether ${label} can be spared now`,
  check: async (move, { sql, node, inventory }, { signal, waitingLanes }) => {
    const other = move.swap === 'in' ? await otherArchive(inventory, move.release) : null;
    if (other !== null) return other;
    const nodes = toObservedNodes(await readTopology(sql, { signal }, { waitMs: 0 }));
    const target = findSameNode(nodes, move);
    if (target?.role === 'LEADER' && waitingLanes > 0)
      return { state: 'defer', reason: `${move.label} leads now; the other frontends go first` };
    const keepsTablets = move.hasTablets;
    const facts: MoveFacts = {
      nodes,
      target,
      mates: move.mates,
      workersOn: move.workersOn,
      frontendsOn: move.frontendsOn,
      unhealthyTablets: keepsTablets ? await countUnhealthy(sql, signal) : 0,
      runningJobs: keepsTablets ? await readRunningJobs(sql, { signal }) : [],
    };
    const process = await (await node(move)).process({ signal });
    const why = whyNotNow(facts, { hasProcess: process !== null });
    if (why === null) {
      return {
        state: 'done',
        facts: { process, startedAt: target?.startedAt ?? null, version: target?.version ?? null },
      };
    }
    if (why.passes) {
      return {
        state: 'moving',
        progress: { completed: 0, total: null, message: why.message },
        wakeAfterMs: 1_000,
      };
    }
    return { state: 'blocked', code: why.code, message: why.message, hint: why.hint };
  },
  undo: { nothing: 'It only looks.' },
});
