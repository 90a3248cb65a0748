import { z } from 'zod';
import { parseBackends } from '../../../adapters/starrocks/parse.ts';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { readSchedulerFacts } from '../../../adapters/starrocks/read-backends.ts';
import { readDecommissionFacts } from '../../../adapters/starrocks/read-decommission-facts.ts';
import { readStallFacts } from '../../../adapters/starrocks/read-stall-facts.ts';
import { cancelDecommission, decommissionBackend, showBackends } from '../../../adapters/starrocks/statements.ts';
import type { Check } from '../../../domain/next-action.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import type { BackendRow } from '../../../domain/topology.ts';
import { decommissionRefusals } from '../../../domain/topology-change/decommission-guards.ts';
import { afterLook, drainInWords, quietMs } from '../../../domain/topology-change/drain.ts';
import { diagnoseStall, isCertain, reasonInWords, type StallReason } from '../../../domain/topology-change/stall.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { leavingNode } from './leaving-node.ts';

const params = leavingNode.extend({
  /** `BackendId`: a host may be renamed, or dropped and added anew, while it drains. */
  backendId: z.string(),
  /** `host:port` of every backend that leaves in this run. */
  together: z.array(z.string()),
  marginPercent: z.number(),
  acceptFewerDomains: z.boolean(),
  acceptOtherMedium: z.boolean(),
  timeoutSeconds: z.number(),
  /** After how long without a tablet that left the reasons are looked for. */
  stallAfterSeconds: z.number(),
});
type Params = z.infer<typeof params>;

/** What has to be known at the next look, also by another worker after a crash. */
const memoShape = z.object({
  begunWith: z.number(),
  seen: z.array(z.object({ atMs: z.number(), tablets: z.number() })),
  fewest: z.number(),
  fewestAtMs: z.number(),
  /** Why it stands still, as sentences; empty = it does not, or nobody has looked yet. */
  reasons: z.array(z.string()),
  /** When the reasons were looked for last, in milliseconds since 1970. */
  lookedAtMs: z.number(),
});

/** Seldom enough that a drain of days writes no endless list of events. */
const longestPauseMs = 60_000;

/**
 * Tells StarRocks to empty a backend and follows it until its row has vanished. Where the leader does not drop emptied
 * backends by itself, it ends when no tablet is left. Guards are asked right before, and a drain that stands still says
 * why, with the tables.
 */
export const drainBackend = defineStep({
  kind: 'drainBackend',
  params,
  about: nodeSubject,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: ({ timeoutSeconds }) => timeoutSeconds * 1_000,
  settleMs: 10_000,
  repeat: 'safe', // a second DECOMMISSION is ignored
  describe: ({ label }) => `Decommission ${label}: let StarRocks move its tablets away, and wait until it has left`,
  bindsNext: true, // a backend that has left is recorded, and its process does not go on
  check: async (leaving, { sql }, context) => {
    const rows = await readRows(sql, context.signal);
    const row = rows.find(isAt(leaving)) ?? null;
    const other = rows.find(({ id }) => id === leaving.backendId) ?? null;
    if (row === null && other === null) return { state: 'done', facts: { tablets: 0 } };
    if (row === null || row.id !== leaving.backendId) return isOther(leaving, other);
    if (!row.decommissioning) return context.memo === undefined ? { state: 'todo' } : canceledByOthers(leaving);
    if (context.attempts === 0) return begunByOthers(leaving);
    if (row.tabletCount === 0) {
      const { dropsEmptied } = await readSchedulerFacts(sql, { signal: context.signal });
      if (dropsEmptied === false) return { state: 'done', facts: { tablets: 0 } };
    }
    return follow(leaving, { sql, row }, context);
  },
  apply: async (leaving, { sql }, { signal, log }) => {
    await guard(sql, leaving, signal);
    await sql.query(decommissionBackend(leaving), { signal });
    log(`${leaving.label} is being decommissioned`);
  },
  stop: async (leaving, { sql }, { signal }) => {
    const row = await readRow(sql, leaving, signal);
    if (row === null) throw hasLeft(leaving);
    if (row.decommissioning) await sql.query(cancelDecommission(leaving), { signal });
    const after = await readRow(sql, leaving, signal);
    if (after === null) throw hasLeft(leaving);
    if (after.decommissioning)
      throw new AppError('POSTCHECK_FAILED', `${leaving.label} is still being decommissioned`, { retryable: true });
  },
  recover: (leaving) => [cancelDrain.with(leavingNode.parse(leaving))],
  undo: {
    impossible:
      'A backend that has left can only be added again (addBackends, addRunningNodes). While it drains, cancel the run: that cancels the decommission',
  },
});

type Address = Pick<Params, 'host' | 'port'>;

async function readRow(sql: SqlReader, address: Address, signal: AbortSignal): Promise<BackendRow | null> {
  return (await readRows(sql, signal)).find(isAt(address)) ?? null;
}

async function readRows(sql: SqlReader, signal: AbortSignal): Promise<readonly BackendRow[]> {
  return parseBackends(await sql.query(showBackends(), { signal, route: 'leader' }));
}

function isAt({ host, port }: Address) {
  return (row: BackendRow) => row.host === host && row.heartbeatPort === port;
}

/** The backend that was meant has another address now, or another backend has its address. */
function isOther({ label, backendId }: Params, meant: BackendRow | null): Check {
  return {
    state: 'blocked',
    code: 'PRECONDITION_FAILED',
    message:
      meant === null
        ? `${label} is another backend than backend ${backendId}, which was to leave: it was dropped and added anew`
        : `Backend ${backendId}, which was ${label}, is ${meant.host}:${meant.heartbeatPort} in the cluster now`,
    hint: 'Find out who changed it, refresh the cluster, then ask again.',
  };
}

/** Throws the first of the refusals, with the words of all. */
async function guard(sql: SqlReader, leaving: Params, signal: AbortSignal): Promise<void> {
  const rows = parseBackends(await sql.query(showBackends(), { signal }));
  const isMeant = ({ host, heartbeatPort }: BackendRow) => leaving.together.includes(`${host}:${heartbeatPort}`);
  const ids = rows.filter(isMeant).map(({ id }) => id);
  const own = rows.find(({ host, heartbeatPort }) => host === leaving.host && heartbeatPort === leaving.port);
  const facts = await readDecommissionFacts(sql, { ids, diagnose: own === undefined ? [] : [own.id] }, { signal });
  const { marginPercent, acceptFewerDomains, acceptOtherMedium } = leaving;
  const refusals = decommissionRefusals(facts, {
    ...{ ids, marginPercent, acceptFewerDomains, acceptOtherMedium, isUnderWay: true },
  });
  const [first] = refusals;
  if (first === undefined) return;
  throw new AppError(first.code, refusals.map(({ message }) => message).join('; '), { hint: first.hint });
}

type Looking = { readonly sql: SqlReader; readonly row: BackendRow };
type Context = { readonly signal: AbortSignal; readonly now: () => Date; readonly memo?: unknown };

async function follow(leaving: Params, { sql, row }: Looking, { signal, now, memo }: Context): Promise<Check> {
  const before = memoShape.safeParse(memo).data ?? null;
  const atMs = now().getTime();
  const drain = afterLook(before, { atMs, tablets: row.tabletCount });
  const stallMs = leaving.stallAfterSeconds * 1_000;
  const isQuiet = quietMs(drain) >= stallMs;
  // Once at the beginning, for what no waiting removes; then whenever it stands still.
  const isDue = before === null || (isQuiet && atMs - before.lookedAtMs >= stallMs);
  const found = isDue ? await whyQuiet(sql, row, { isQuiet, signal }) : null;
  const reasons = found ?? (isQuiet || before?.fewest === drain.fewest ? (before?.reasons ?? []) : []);
  const words =
    row.tabletCount === 0 ? 'no tablet is left, and the leader has not dropped it yet' : drainInWords(drain);
  const quiet = isQuiet ? `; none has left for ${durationInWords(quietMs(drain))}` : '';
  const why = reasons.length === 0 ? '' : `. Why: ${reasons.join('. ')}`;
  return {
    state: 'moving',
    progress: {
      completed: Math.max(0, drain.begunWith - row.tabletCount),
      total: drain.begunWith,
      message: `${leaving.label}: ${words}${quiet}${why}`,
      memo: {
        ...drain,
        seen: [...drain.seen],
        reasons: [...reasons],
        lookedAtMs: isDue ? atMs : (before?.lookedAtMs ?? atMs),
      },
    },
    wakeAfterMs: pauseMs(drain.seen.length, stallMs),
  };
}

/** Soon at first, and often enough that a stall is noticed within a third of its time. */
function pauseMs(looks: number, stallMs: number): number {
  return Math.max(500, Math.min(longestPauseMs, stallMs / 3, looks * 500));
}

async function whyQuiet(
  sql: SqlReader,
  row: BackendRow,
  { isQuiet, signal }: { readonly isQuiet: boolean; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const facts = await readStallFacts(sql, row.id, { signal });
  if (facts === null) return [];
  return diagnoseStall(facts)
    .filter((reason) => isQuiet || isCertain(reason))
    .map(withHint);
}

function withHint(reason: StallReason): string {
  return `${reasonInWords(reason)} (${reason.hint.replace(/\.$/, '')})`;
}

function durationInWords(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 1
    ? `${Math.round(ms / 1_000)} s`
    : minutes < 120
      ? `${minutes} min`
      : `${Math.round(minutes / 60)} h`;
}

function begunByOthers({ label }: Params): Check {
  return {
    state: 'blocked',
    code: 'PRECONDITION_FAILED',
    message: `${label} is being decommissioned already, and not by this try of the run`,
    hint: 'Wait until it has left, or stop it with cancelDecommission and ask again.',
  };
}

function canceledByOthers({ label }: Params): Check {
  return {
    state: 'blocked',
    code: 'PRECONDITION_FAILED',
    message: `Somebody has cancelled the decommission of ${label}`,
    hint: 'Find out who, then retry the run.',
  };
}

function hasLeft({ label }: Params): AppError {
  return new AppError('PRECONDITION_FAILED', `${label} has left the cluster already, and its process goes on`, {
    hint: 'Add it again with addRunningNodes, or stop its process on its host.',
  });
}

/** Takes a decommission back: the tablets that have moved stay where they are. A backend that has left stays away. */
export const cancelDrain = defineStep({
  kind: 'cancelDrain',
  params: leavingNode,
  about: nodeSubject,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 120_000,
  settleMs: 10_000,
  repeat: 'safe', // StarRocks answers OK for a backend that is not leaving
  describe: ({ label }) => `Cancel the decommission of ${label}`,
  check: async (leaving, { sql }, { signal, log }) => {
    const row = await readRow(sql, leaving, signal);
    if (row === null) {
      log(`${leaving.label} is not in the cluster any more: there is nothing to cancel`);
      return { state: 'done', facts: { inCluster: false } };
    }
    return row.decommissioning ? { state: 'todo' } : { state: 'done', facts: { inCluster: true } };
  },
  apply: async (leaving, { sql }, { signal }) => {
    await sql.query(cancelDecommission(leaving), { signal });
  },
  undo: { nothing: 'Ask for decommissionBackends again.' },
});
