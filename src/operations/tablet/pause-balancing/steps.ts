import { z } from 'zod';
import type { SqlReader, StarRocksSql } from '../../../adapters/starrocks/port.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import { theCluster } from '../../../domain/subject.ts';
import { balanceKeys, tabletScheduling } from '../../../domain/tablets/balancing.ts';
import type { FrontendRow } from '../../../domain/topology.ts';
import { inUtc } from '../../../domain/utc.ts';
import { count } from '../../../domain/words.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import {
  type Difference,
  differences,
  lookAtFrontends,
  nameOf,
  savedShape,
  saveValues,
  setWhatDiffers,
} from '../../node/steps/held-settings.ts';
import { restoreTabletScheduling } from '../../node/steps/scheduling.ts';

const params = z.object({
  /** ISO text; the moment at which balancing goes on again. */
  until: z.string(),
  /** Whether colocation groups stay where they are too. */
  colocate: z.boolean(),
});
type Params = z.infer<typeof params>;

/** The settings that are held, with the value that switches balancing off. */
export function heldValues({ colocate }: Pick<Params, 'colocate'>): Readonly<Record<string, string>> {
  return { [balanceKeys.balance]: 'true', ...(colocate ? { [balanceKeys.colocate]: 'true' } : {}) };
}

const wordsFor = ({ colocate }: Params) => `balancing of tablets${colocate ? ' and colocation groups' : ''}`;
const isOver = ({ until }: Params, now: Date) => now.getTime() >= Date.parse(until);

/** Once: the values of every frontend are kept as a temporary change, and they come back on every way out. */
export const switchOffBalancing = defineStep({
  kind: 'switchOffBalancing',
  params,
  about: () => theCluster,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 120_000,
  repeat: 'safe',
  describe: (given) => `Switch off ${wordsFor(given)} on every frontend, and keep the values that are there now`,
  check: async (given, { sql }, { signal, now }) => {
    // A run that was paused over its end has nothing to switch off any more.
    if (isOver(given, now())) return { state: 'done' };
    const found = await differences(sql, () => heldValues(given), signal);
    return found.length === 0 ? { state: 'done' } : { state: 'todo' };
  },
  apply: (given, { sql }, { signal }) => hold(sql, given, signal),
  undo: { nothing: 'The ledger puts it back.' },
  temporary: {
    setting: tabletScheduling,
    until: ({ until }) => new Date(until),
    read: async (given, { sql }, { signal }) => saveValues(sql, Object.keys(heldValues(given)), signal),
    restore: (_params, before) => [restoreTabletScheduling.with(savedShape.parse(before))],
  },
});

/** Longer than the longest pause: the step's own end is the limit. */
const longestMs = 25 * 3_600_000;
/** So long a frontend that came up, and may lead by then, balances at most. */
const lookEveryMs = 5_000;

const memoShape = z.object({
  /** Since when each frontend ran, as the cluster showed it, when its values were found as they should be. */
  starts: z.record(z.string(), z.string()),
  /** Since when it has been seen that values differ although no restart shows; null = they do not. */
  doubtSince: z.string().nullable().default(null),
});
/**
 * So long the cluster may still show a frontend as it was before its restart: the leader asks each every 5 s, and bears three
 * of these in vain before it shows one as dead (`heartbeat_retry_times`); one that is back answers the next.
 */
const doubtMs = 10_000;

/**
 * Lasts until the end of the pause. A frontend that restarted or is new has forgotten the settings, and gets them again. One
 * that did not restart has been changed by somebody, who is not contradicted: then the pause ends.
 */
export const keepBalancingOff = defineStep({
  kind: 'keepBalancingOff',
  params,
  about: () => theCluster,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: longestMs,
  repeat: 'safe',
  keepsUp: true,
  describe: (given) => `Keep it off until ${inUtc(new Date(given.until))}, also on frontends that restart or lead anew`,
  check: async (given, { sql }, { signal, now, memo }) => {
    const leftMs = Date.parse(given.until) - now().getTime();
    // Before the cluster is asked: one that does not answer must not prolong it.
    if (leftMs <= 0) return { state: 'done' };
    const { frontends, differences: found } = await lookAtFrontends(sql, () => heldValues(given), signal);
    const { starts, doubtSince } = memoShape.safeParse(memo).data ?? { starts: {}, doubtSince: null };
    const byHand = found.find(({ frontend }) => isSameStart(frontend, starts));
    if (byHand !== undefined) {
      const since = doubtSince ?? now().toISOString();
      if (now().getTime() - Date.parse(since) >= doubtMs) return changedByOthers(byHand);
      return {
        state: 'moving',
        progress: { completed: 0, total: null, message: inDoubt(byHand), memo: { starts, doubtSince: since } },
        wakeAfterMs: Math.min(lookEveryMs, leftMs),
      };
    }
    if (found.length > 0) return { state: 'todo' };
    return {
      state: 'moving',
      progress: {
        completed: 0,
        total: null,
        message: inForce(given, frontends),
        memo: { starts: startsOf(frontends), doubtSince: null },
      },
      wakeAfterMs: Math.min(lookEveryMs, leftMs),
    };
  },
  apply: async (given, { sql }, { signal, log }) => {
    log('A frontend has forgotten the settings; they are set there again');
    await hold(sql, given, signal);
  },
  // Nothing of it is under way: what it keeps is put back by the ledger.
  stop: async () => {},
  undo: { nothing: 'The ledger puts it back.' },
});

/** Sets them and looks. Throws, to be tried again, when a frontend does not have them afterwards. */
async function hold(sql: StarRocksSql, given: Params, signal: AbortSignal): Promise<void> {
  await setWhatDiffers(sql, () => heldValues(given), signal);
  const [left] = await stillDifferent(sql, given, signal);
  if (left === undefined) return;
  throw new AppError('SQL_FAILED', `${left.key} is not ${left.value} on ${labelOf(left.frontend)} after it was set`, {
    hint: 'It is set again.',
    retryable: true,
  });
}

function stillDifferent(sql: SqlReader, given: Params, signal: AbortSignal): Promise<readonly Difference[]> {
  return differences(sql, () => heldValues(given), signal);
}

function isSameStart(frontend: FrontendRow, starts: Readonly<Record<string, string>>): boolean {
  const before = starts[nameOf(frontend)];
  return before !== undefined && before === frontend.startedAt;
}

function startsOf(frontends: readonly FrontendRow[]): Record<string, string> {
  const known = frontends.flatMap((each) =>
    each.alive && each.startedAt !== null ? [[nameOf(each), each.startedAt] as const] : [],
  );
  return Object.fromEntries(known);
}

function inForce({ until }: Params, frontends: readonly FrontendRow[]): string {
  const living = frontends.filter(({ alive }) => alive);
  const down = frontends.filter(({ alive }) => !alive).map(labelOf);
  const missing = down.length === 0 ? '' : `; ${down.join(', ')} ${down.length === 1 ? 'is' : 'are'} down`;
  return `Off until ${inUtc(new Date(until))} on ${count(living.length, 'frontend')}${missing}. Cancelling the run ends it at once`;
}

function inDoubt({ frontend, key, value }: Difference): string {
  return `${key} is not ${value} on ${labelOf(frontend)}: it may just have restarted, or somebody has changed it; that shows within ${doubtMs / 1_000} s`;
}

function changedByOthers({ frontend, key }: Difference) {
  return {
    state: 'blocked',
    code: 'PRECONDITION_FAILED',
    message: `Somebody has changed ${key} on ${labelOf(frontend)}, which has not restarted`,
    hint: 'The pause ends with that. Find out who it was; ask for it again where balancing is still to be off.',
  } as const;
}

function labelOf({ host, editLogPort: port }: FrontendRow): string {
  return nodeLabel({ kind: 'FRONTEND', host, port });
}
