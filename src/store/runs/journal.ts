import { sql } from 'kysely';
import type { LockScope } from '../../domain/cluster-lock.ts';
import type { InventoryRecord } from '../../domain/inventory.ts';
import type { Json } from '../../domain/json.ts';
import type { Lane, StepSpec } from '../../domain/plan.ts';
import {
  type BeforeUndo,
  drivenRunStates,
  type Failure,
  isTerminal,
  type Outcome,
  type PostCheck,
  type Progress,
  type RunEventType,
  type RunState,
  type StepPhase,
} from '../../domain/run.ts';
import { AppError } from '../../errors.ts';
import { endBackupsOf } from '../backups/write-backups.ts';
import { isOurs, unclaimed } from '../claims.ts';
import { type Database, databaseNow, databaseNowPlus, inTransaction, type Queryable, type Tx } from '../database.ts';
import { fromJson, toJson, toJsonOrNull } from '../json.ts';
import { writeRecords } from '../records.ts';
import type { Lease } from './leases.ts';
import { failure } from './run-rows.ts';
import { reopenSteps } from './runs.ts';
import { type StepChange, updateStep } from './step-changes.ts';

export type NewEvent = { type: RunEventType; step?: number | null; message: string };
export type NewStep = StepSpec & { phase: StepPhase; undoOf?: number; ledgerId?: string };

/** A temporary change that is about to be made. */
type NewChange = {
  id: string;
  clusterId: string;
  position: number;
  title: string;
  before: Json;
  setting: string;
  /** When it is to be put back at the latest; null = at the end of the run. */
  until: Date | null;
};

/** What changes about a run, as one transaction. Everything left out stays as it is. */
export type JournalEntry = {
  run?: {
    state?: RunState;
    outcome?: Outcome | null;
    progress?: Progress | null;
    failure?: Failure | null;
    postCheck?: PostCheck | null;
    beforeUndo?: BeforeUndo | null;
    blockedBy?: string | null;
    needsReplan?: boolean;
    pauseRequested?: boolean;
    cancelRequested?: boolean;
    /** Milliseconds from now until the run is due again; null = it is due at once. */
    wakeInMs?: number | null;
    started?: true;
    finished?: true;
    /** The end to write back, for a run that returns to the end it had. */
    finishedAt?: Date | null;
  };
  /** The undo begins: what an earlier try took back does not count any more. */
  beginUndo?: true;
  step?: StepChange;
  addSteps?: readonly NewStep[];
  openChange?: NewChange;
  restoredChange?: string;
  takeLock?: { clusterId: string; scopes: readonly LockScope[] };
  releaseLock?: true;
  events?: readonly NewEvent[];
};

/** What a worker writes: an entry, with the records that a step answered. */
export type WorkerEntry = JournalEntry & { records?: readonly InventoryRecord[] };

/**
 * Writes an entry if the lease is still ours and no person has decided otherwise since the worker last read the run.
 * Otherwise throws `LEASE_LOST` and writes nothing. Answers the ids of the runs that waited for the lock and may go on
 * now. The entry that ends the run gives the lease back.
 */
export async function writeJournal(db: Database, lease: Lease, entry: WorkerEntry): Promise<readonly string[]> {
  return inTransaction(db, async (tx) => {
    // This comes first, and locks the row: one statement checks who holds the run and writes.
    const written = await updateRun(tx, lease.runId, entry)
      .where(isOurs(lease))
      .where('claimed_until', '>', databaseNow)
      .where('state', 'in', drivenRunStates)
      .$if(goesOn(entry.run?.state), (update) =>
        update.where((row) => row.or([row('state', '<>', 'CANCELING'), row('outcome', 'is not', null)])),
      )
      // A run that has ended is not held by anybody from that moment, so that a retry does not have to wait for the
      // lease.
      .$if(entry.run?.finished === true, (update) => update.set(unclaimed))
      .executeTakeFirst();
    if (written.numUpdatedRows === 0n) throw await whyNotWritten(tx, lease);
    await writeRecords(tx, lease, entry.records ?? []);
    return writeRest(tx, lease.runId, entry);
  });
}

/**
 * True for states in which a run is not over. People decide about a run while a worker drives it, and what the worker
 * concluded before must not overwrite that: a run that was cancelled before it began stays cancelled, and a request to
 * cancel is not lost in a pause.
 */
function goesOn(wanted: RunState | undefined): boolean {
  return wanted === 'QUEUED' || wanted === 'RUNNING' || wanted === 'PAUSED' || wanted === 'INTERRUPTED';
}

async function whyNotWritten(tx: Tx, lease: Lease): Promise<AppError> {
  const held = await tx
    .selectFrom('run')
    .select('id')
    .where(isOurs(lease))
    .where('claimed_until', '>', databaseNow)
    .executeTakeFirst();
  const why =
    held === undefined
      ? `Another worker may be driving run ${lease.runId}`
      : `A person decided about run ${lease.runId} meanwhile`;
  return new AppError('LEASE_LOST', why, { retryable: true });
}

/** The same without a lease, for what a person decides about a run (approve, cancel, retry). The caller locks the row. */
export async function applyEntry(tx: Tx, runId: string, entry: JournalEntry): Promise<readonly string[]> {
  await updateRun(tx, runId, entry).execute();
  return writeRest(tx, runId, entry);
}

/** Writes all of an entry except the run's own row, in which the events are counted already. */
async function writeRest(tx: Tx, runId: string, entry: JournalEntry): Promise<readonly string[]> {
  if (entry.beginUndo === true) await reopenSteps(tx, runId, 'undo');
  if (entry.addSteps !== undefined) await appendSteps(tx, runId, entry.addSteps);
  if (entry.step !== undefined) await updateStep(tx, runId, entry.step);
  if (entry.openChange !== undefined) await openChange(tx, runId, entry.openChange);
  if (entry.restoredChange !== undefined) {
    await tx
      .updateTable('temporary_change')
      .set({ state: 'RESTORED', restored_at: databaseNow })
      .where('id', '=', entry.restoredChange)
      .execute();
  }
  if (entry.takeLock !== undefined) {
    const { clusterId, scopes } = entry.takeLock;
    // One statement: the run gets all of them or none.
    const rows = scopes.map((scope) => ({ cluster_id: clusterId, scope, run_id: runId, since: databaseNow }));
    await tx.insertInto('cluster_lock').values(rows).execute();
  }
  if (entry.run?.finished === true) await endBackupsOf(tx, runId, await failuresByDatabase(tx, runId));
  const waiting = entry.releaseLock === true ? await releaseLock(tx, runId) : [];
  await insertEvents(tx, runId, entry.events ?? []);
  return waiting;
}

/** What stopped the steps that are about a database, by its name. */
async function failuresByDatabase(tx: Queryable, runId: string): Promise<ReadonlyMap<string, string>> {
  const failed = await tx
    .selectFrom('run_step')
    .select(['about_id', 'failure'])
    .where('run_id', '=', runId)
    .where('about_kind', '=', 'database')
    .where('failure', 'is not', null)
    .orderBy('position', 'desc')
    .execute();
  return new Map(
    failed.flatMap(({ about_id: database, failure: text }) =>
      database === null || text === null ? [] : [[database, fromJson(failure, text).message]],
    ),
  );
}

/** Adds steps after the existing ones. */
async function appendSteps(tx: Queryable, runId: string, steps: readonly NewStep[]): Promise<void> {
  if (steps.length === 0) return;
  const { last } = await tx
    .selectFrom('run_step')
    .select((row) => row.fn.coalesce(row.fn.max('position'), row.lit(-1)).as('last'))
    .where('run_id', '=', runId)
    .executeTakeFirstOrThrow();
  await insertSteps(tx, { runId, from: Number(last) + 1 }, steps);
}

/** Adds steps from this position on; these positions must be free. */
export async function insertSteps(
  tx: Queryable,
  { runId, from }: { runId: string; from: number },
  steps: readonly NewStep[],
): Promise<void> {
  if (steps.length === 0) return;
  const values = steps.map((step, index) => ({
    run_id: runId,
    position: from + index,
    phase: step.phase,
    kind: step.kind,
    title: step.title.slice(0, 500),
    params: toJson(step.params),
    about_kind: step.about.kind,
    about_id: step.about.id?.slice(0, 255) ?? null,
    about_label: step.about.label.slice(0, 255),
    effect: step.effect,
    leaves: step.leaves ?? null,
    removes: step.removes ?? null,
    observed: null,
    hold: null,
    lane: step.lane === undefined ? null : laneText(step.lane),
    state: 'pending' as const,
    undo_of: step.undoOf ?? null,
    ledger_id: step.ledgerId ?? null,
    progress: null,
    failure: null,
    facts: null,
    started_at: null,
    applied_at: null,
    finished_at: null,
  }));
  await tx.insertInto('run_step').values(values).execute();
}

/** In one order of keys, whoever made the lane: steps of one lane are told by this text. */
function laneText({ stage, name, width, independent }: Lane): string {
  return toJson({ stage, name, width, ...(independent === undefined ? {} : { independent }) });
}

function updateRun(tx: Queryable, runId: string, { run = {}, events = [] }: JournalEntry) {
  return tx
    .updateTable('run')
    .set((row) => ({
      revision: row('revision', '+', 1),
      event_sequence: row('event_sequence', '+', events.length),
      ...(run.state === undefined ? {} : { state: run.state }),
      ...(run.outcome === undefined ? {} : { outcome: toJsonOrNull(run.outcome) }),
      ...(run.progress === undefined ? {} : { progress: toJsonOrNull(run.progress) }),
      ...(run.failure === undefined ? {} : { failure: toJsonOrNull(run.failure) }),
      ...(run.postCheck === undefined ? {} : { post_check: toJsonOrNull(run.postCheck) }),
      ...(run.beforeUndo === undefined ? {} : { before_undo: toJsonOrNull(run.beforeUndo) }),
      ...(run.blockedBy === undefined ? {} : { blocked_by: run.blockedBy }),
      ...(run.needsReplan === undefined ? {} : { needs_replan: run.needsReplan ? 1 : 0 }),
      ...(run.pauseRequested === undefined ? {} : { pause_requested: run.pauseRequested ? 1 : 0 }),
      ...(run.cancelRequested === undefined ? {} : { cancel_requested: run.cancelRequested ? 1 : 0 }),
      ...(run.wakeInMs === undefined ? {} : { due_at: run.wakeInMs === null ? null : databaseNowPlus(run.wakeInMs) }),
      ...(run.started === true ? { started_at: row.fn.coalesce('started_at', databaseNow) } : {}),
      // A run that had ended and is retried or undone goes on: it has no end until it ends again.
      ...(run.state !== undefined && !isTerminal(run.state) ? { finished_at: null } : {}),
      ...(run.finished === true ? { finished_at: databaseNow } : {}),
      ...(run.finishedAt === undefined ? {} : { finished_at: run.finishedAt }),
    }))
    .where('id', '=', runId);
}

async function insertEvents(tx: Queryable, runId: string, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  // `updateRun` has counted these events already. The number is read within the statement: a statement of its own would
  // be one more round trip to the server while the row is locked.
  const last = tx.selectFrom('run').select('event_sequence').where('id', '=', runId);
  const values = events.map((event, index) => ({
    run_id: runId,
    sequence: sql<number>`${last} - ${events.length - 1 - index}`,
    at: databaseNow,
    type: event.type,
    step: event.step ?? null,
    message: event.message.slice(0, 4000),
  }));
  await tx.insertInto('run_event').values(values).execute();
}

async function openChange(tx: Queryable, runId: string, change: NewChange): Promise<void> {
  await tx
    .insertInto('temporary_change')
    .values({
      id: change.id,
      run_id: runId,
      cluster_id: change.clusterId,
      position: change.position,
      title: change.title.slice(0, 500),
      before_value: toJson(change.before),
      setting: change.setting,
      until_at: change.until,
      state: 'OPEN',
      created_at: databaseNow,
      restored_at: null,
    })
    // A retried run makes its change again: there is a new value from before, and it has to be put back again.
    .onDuplicateKeyUpdate({
      id: change.id,
      before_value: toJson(change.before),
      setting: change.setting,
      until_at: change.until,
      state: 'OPEN',
      created_at: databaseNow,
      restored_at: null,
    })
    .execute();
}

/** Releases what the run holds of its cluster and makes due every run that waited for this one. */
async function releaseLock(tx: Queryable, runId: string): Promise<readonly string[]> {
  await tx.deleteFrom('cluster_lock').where('run_id', '=', runId).execute();
  const waiting = await tx
    .selectFrom('run')
    .select('id')
    .where('blocked_by', '=', runId)
    .where('state', '=', 'QUEUED')
    .execute();
  const ids = waiting.map((row) => row.id);
  if (ids.length > 0) await tx.updateTable('run').set({ due_at: null }).where('id', 'in', ids).execute();
  return ids;
}
