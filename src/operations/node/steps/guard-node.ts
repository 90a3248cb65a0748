import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { readRunningJobs } from '../../../adapters/starrocks/read-jobs.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { ObservedNode } from '../../../domain/cluster.ts';
import { findSameNode } from '../../../domain/node-identity.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import { type MoveFacts, type NotNow, notInCluster, whyNotNow } from '../../../domain/upgrade/move-safety.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { otherArchive } from '../../../steps/release/other-archive.ts';
import { countUnhealthy } from './await-tablets.ts';
import { nodePlace, notedNode } from './node-place.ts';
import { sample, sampleOf } from './query-sample.ts';

const minutesMs = 60_000;
/** A cluster that is stopped as a whole stops answering before its last frontends are stopped. */
const silentMs = 30_000;

/**
 * A gate before each node that is to go: may it be taken away now? It waits for what passes by itself (a backup, tablets
 * that are being repaired, a frontend that is coming back) and fails for anything else. It also records the process that
 * will be stopped.
 *
 * The leader of the moment lets the other frontends of its stage go first, whoever led when the plan was made.
 */
export const guardNode = defineStep({
  kind: 'guardNode',
  params: nodePlace.extend({
    /** Nodes that may be away at the same time: `host:port`. */
    mates: z.array(z.string()),
    /**
     * The version line (such as `3.5`) that all living nodes of the other sort must be on by now; null = none is
     * demanded.
     */
    workersOn: z.string().nullable(),
    frontendsOn: z.string().nullable(),
    /** `in`: the node gets the release; `back`: the release is taken out again; absent = it keeps its binaries. */
    swap: z.enum(['in', 'back']).optional(),
    release: z.object({ version: z.string(), sha256: z.string() }).optional(),
    /** A node that runs although the cluster does not see it alive may be stopped: a person asked for that very node. */
    maySilent: z.boolean().optional(),
    /** The whole cluster is being stopped: only the order counts, and in the end nobody answers. */
    whole: z.boolean().optional(),
    /** Counts queries from here on, so that it can be said what the node's absence cost. */
    counts: z.boolean().optional(),
  }),
  about: nodeSubject,
  effect: 'looks',
  facts: notedNode.extend({ version: z.string().nullable(), sample: sample.optional() }),
  observed: ({ version }) => version,
  ports: ['sql', 'node', 'inventory', 'http'],
  timeoutMs: 15 * minutesMs,
  repeat: 'safe',
  bindsNext: true, // what was found is true now, and may not be later
  describe: ({ label }) => `See whether ${label} can be spared now`,
  check: async (place, { sql, node, inventory, http }, { signal, waitingLanes, startedAt, now }) => {
    const { release, swap, whole = false } = place;
    const other = swap === 'in' && release !== undefined ? await otherArchive(inventory, release) : null;
    if (other !== null) return other;
    const nodes = await nodesSeen(sql, { whole, signal });
    if (nodes === null) {
      const waitedMs = startedAt === null ? 0 : now().getTime() - startedAt.getTime();
      if (waitingLanes > 0 && waitedMs < silentMs) return waits('No frontend tells which of them leads');
      const process = await (await node(place)).process({ signal });
      return { state: 'done', facts: { process, startedAt: null, version: null } };
    }
    const target = findSameNode(nodes, place);
    // Not even with the whole cluster: what runs in its directory is not the cluster's any more.
    if (target === undefined) return blockedBy(notInCluster);
    if (target.role === 'LEADER' && waitingLanes > 0)
      return { state: 'defer', reason: `${place.label} leads now; the other frontends go first` };
    const process = await (await node(place)).process({ signal });
    const keepsTablets = place.hasTablets && !whole;
    const facts: MoveFacts = {
      nodes,
      target,
      mates: place.mates,
      workersOn: place.workersOn,
      frontendsOn: place.frontendsOn,
      unhealthyTablets: keepsTablets ? await countUnhealthy(sql, signal) : 0,
      runningJobs: keepsTablets ? await readRunningJobs(sql, { signal }) : [],
    };
    const why = whole ? null : whyNotNow(facts, { hasProcess: process !== null, maySilent: place.maySilent === true });
    if (why === null) {
      return {
        state: 'done',
        facts: {
          process,
          startedAt: target.startedAt,
          version: target.version,
          ...(place.counts === true ? { sample: await sampleOf(http, { nodes, at: now(), signal }) } : {}),
        },
      };
    }
    return why.passes ? waits(why.message) : blockedBy(why);
  },
  undo: { nothing: 'It only looks.' },
});

function blockedBy({ code, message, hint }: NotNow) {
  return { state: 'blocked' as const, code, message, hint };
}

function waits(message: string) {
  return { state: 'moving' as const, progress: { completed: 0, total: null, message }, wakeAfterMs: 1_000 };
}

/** Null = no frontend answers, which ends nothing while the whole cluster is being stopped. */
async function nodesSeen(
  sql: Reading['sql'],
  { whole, signal }: { whole: boolean; signal: AbortSignal },
): Promise<ObservedNode[] | null> {
  const call = { signal, ...(whole ? { timeoutMs: 10_000 } : {}) };
  try {
    return toObservedNodes(await readTopology(sql, call, { waitMs: 0 }));
  } catch (error) {
    const isSilent = error instanceof AppError && (error.code === 'SQL_UNREACHABLE' || error.code === 'TIMEOUT');
    if (whole && isSilent) return null;
    throw error;
  }
}
