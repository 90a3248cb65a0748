import { type SqlBool, sql } from 'kysely';
import type { RunState } from '../../domain/run.ts';
import { databaseNow, databaseNowPlus } from '../database.ts';

/** The states in which some worker drives a run. */
export const drivenStates = ['RUNNING', 'CANCELING', 'UNDOING'] as const satisfies readonly RunState[];

/** After so long, a run that nobody drives any more is lost: it hides nothing, and people are told. */
const lostAfterMs = 120_000;

/**
 * Until when a run that is in such a state is known to be driven: `claimed_until` while a worker drives it, `due_at` while it
 * waits to be woken; between the two, the last event shows that it is alive.
 */
export const drivenUntil = sql<Date>`COALESCE(run.claimed_until, run.due_at,
  (SELECT MAX(run_event.at) FROM run_event WHERE run_event.run_id = run.id), ${databaseNow})`;

/** Whether a run that is in such a state is driven, or was a moment ago; its opposite is `isLost`. */
export const isDriven = sql<SqlBool>`${drivenUntil} > ${databaseNowPlus(-lostAfterMs)}`;
export const isLost = sql<SqlBool>`${drivenUntil} <= ${databaseNowPlus(-lostAfterMs)}`;
