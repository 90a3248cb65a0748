import type { Actor } from '../../domain/access.ts';
import type { Cluster } from '../../domain/cluster.ts';
import { whyUnreadable } from '../../domain/cron.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Schedule } from '../../domain/schedule.ts';
import { nextSlot } from '../../domain/schedule-times.ts';
import { AppError, type UserError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { redactInput } from '../../operations/input/secret-fields.ts';
import { insertAudit } from '../../store/access/audit.ts';
import { inTransaction, type Tx } from '../../store/database.ts';
import { findVisibleCluster } from '../../store/reads/clusters.ts';
import { findVisibleSchedule } from '../../store/reads/schedules.ts';
import { visibilityOf } from '../../store/reads/visibility.ts';
import {
  deleteSchedule as deleteRow,
  findSchedule,
  insertSchedule,
  lockSchedule,
  replaceContent,
  setApproval,
  setState,
} from '../../store/schedules/schedules.ts';
import { isDuplicateKey } from '../../store/store-errors.ts';
import type { Engine } from '../engine.ts';
import { type CheckedContent, checkContent, type ScheduleContent } from './check-content.ts';
import { scheduleTime } from './may-fire.ts';
import { type ScheduleAction, whyNotAction } from './schedule-actions.ts';

export type ScheduleRequest = {
  readonly actor: Actor;
  readonly requestId?: string | null;
  readonly comment?: string | null;
};

type Answer = Schedule | { readonly userErrors: readonly UserError[] };

/** Makes a schedule that belongs to the actor: it may do what they may do, as long as they may. */
export async function createSchedule(
  deps: Engine,
  content: ScheduleContent,
  request: ScheduleRequest,
): Promise<Answer> {
  const checked = await checkOrAudit(deps, content, request, 'createSchedule');
  if ('userErrors' in checked) return checked;
  const id = newId('sch');
  const at = await scheduleTime(deps);
  await refuseDuplicate(checked, () =>
    inTransaction(deps.db, async (tx) => {
      await insertSchedule(tx, {
        ...checked,
        id,
        owner: ownerOf(request),
        next: nextSlot({ ...checked, id }, { after: at }),
      });
      await audit(tx, request, {
        action: 'createSchedule',
        outcome: 'DONE',
        ...subjectOf(checked),
        detail: detailOf(checked),
      });
    }),
  );
  return readSchedule(deps, id);
}

/** What is left out or null stays as it is. */
export type ContentChange = {
  readonly [Field in Exclude<keyof ScheduleContent, 'operation'>]?: ScheduleContent[Field] | null | undefined;
};

/**
 * Replaces what was given. Whoever changes a schedule owns it from then on, so nobody makes it do with another person's
 * rights what they may not do themselves; and whoever approved it is asked anew.
 */
export async function updateSchedule(
  deps: Engine,
  { id, ...change }: { readonly id: string } & ContentChange,
  request: ScheduleRequest,
): Promise<Answer> {
  const { schedule } = await readForAction(deps, id, request, 'UPDATE');
  const content: ScheduleContent = {
    operation: schedule.operation,
    operationInput: change.operationInput ?? schedule.input,
    name: change.name ?? schedule.name,
    cron: change.cron ?? schedule.cron,
    timeZone: change.timeZone ?? schedule.timeZone,
    jitterSeconds: change.jitterSeconds ?? schedule.jitterSeconds,
    whenMissed: change.whenMissed ?? schedule.whenMissed,
    confirm: change.confirm ?? null,
  };
  const checked = await checkOrAudit(deps, content, request, 'updateSchedule');
  if ('userErrors' in checked) return checked;
  if (checked.clusterId !== schedule.clusterId) {
    throw new AppError('PRECONDITION_FAILED', 'A schedule stays with its cluster', {
      hint: 'Make another one for the other cluster.',
      path: ['input', 'operationInput'],
    });
  }
  const at = await scheduleTime(deps);
  await refuseDuplicate(checked, () =>
    inTransaction(deps.db, async (tx) => {
      const now = await lockFor(tx, id, schedule.revision);
      const next = now.state === 'PAUSED' ? null : nextSlot({ ...checked, id }, { after: at });
      await replaceContent(tx, { ...checked, id, owner: ownerOf(request), next });
      await audit(tx, request, {
        action: 'updateSchedule',
        outcome: 'DONE',
        ...subjectOf(checked),
        detail: detailOf(checked),
      });
    }),
  );
  return readSchedule(deps, id);
}

/** Nothing begins by this schedule until somebody resumes it; runs that were begun go on. */
export function pauseSchedule(deps: Engine, { id, reason }: { id: string; reason: string }, request: ScheduleRequest) {
  return change(deps, id, request, {
    action: 'PAUSE',
    audit: 'pauseSchedule',
    detail: { reason },
    write: (tx) =>
      setState(tx, id, { state: 'PAUSED', stateReason: reason, stateByName: request.actor.name, next: null }),
  });
}

/** It goes on with the next time from now; those that passed meanwhile are not made up for. */
export async function resumeSchedule(deps: Engine, id: string, request: ScheduleRequest): Promise<Schedule> {
  const at = await scheduleTime(deps);
  return change(deps, id, request, {
    action: 'RESUME',
    audit: 'resumeSchedule',
    detail: null,
    write: (tx, schedule) => {
      const unreadable = whyUnreadable(schedule);
      if (unreadable !== null) {
        throw new AppError('PRECONDITION_FAILED', `The schedule has no next time: ${unreadable}`, {
          hint: 'Give it times that can be read with updateSchedule, or with its policy.',
        });
      }
      const next = nextSlot(schedule, { after: at });
      return setState(tx, id, { state: 'ACTIVE', stateReason: null, stateByName: null, next });
    },
  });
}

/** Says yes to exactly what the schedule does (`contentHash`), for all its times, until it is changed. */
export async function approveSchedule(
  deps: Engine,
  { id, contentHash }: { id: string; contentHash: string },
  request: ScheduleRequest,
): Promise<Schedule> {
  const at = await scheduleTime(deps);
  return change(deps, id, request, {
    action: 'APPROVE',
    audit: 'approveSchedule',
    detail: { contentHash },
    write: (tx, schedule) => {
      if (schedule.contentHash !== contentHash) {
        throw new AppError('PLAN_STALE', 'The schedule is not the one that was shown', {
          hint: 'Look at it again, then approve it with its contentHash.',
          path: ['contentHash'],
        });
      }
      const { actor } = request;
      return setApproval(tx, id, { contentHash, byId: actor.id, byName: actor.name, at });
    },
  });
}

/** Forgets the schedule and what became of its times; its runs stay. Answers it as it was. */
export async function deleteSchedule(deps: Engine, id: string, request: ScheduleRequest): Promise<Schedule> {
  return change(deps, id, request, {
    action: 'DELETE',
    audit: 'deleteSchedule',
    detail: null,
    write: (tx) => deleteRow(tx, id),
  });
}

type Change = {
  readonly action: ScheduleAction;
  readonly audit: string;
  readonly detail: JsonObject | null;
  readonly write: (tx: Tx, schedule: Schedule) => Promise<void>;
};

/** Visible? entitled? possible now? Then one transaction with its audit row. Answers the schedule after that. */
async function change(deps: Engine, id: string, request: ScheduleRequest, made: Change): Promise<Schedule> {
  const { schedule: seen, cluster } = await readForAction(deps, id, request, made.action);
  await inTransaction(deps.db, async (tx) => {
    const schedule = await lockFor(tx, id);
    refuse(deps, { actor: request.actor, schedule, cluster, action: made.action });
    await made.write(tx, schedule);
    const comment = request.comment == null ? {} : { comment: request.comment };
    const detail = { ...made.detail, ...comment };
    await audit(tx, request, { action: made.audit, outcome: 'DONE', ...subjectOf({ ...schedule, cluster }), detail });
  });
  return (await findSchedule(deps.db, id)) ?? seen;
}

/** The schedule and its cluster, for an actor who may ask this of it now. A refused attempt is an audit row. */
export async function readForAction(
  deps: Engine,
  id: string,
  request: ScheduleRequest,
  action: ScheduleAction,
): Promise<{ schedule: Schedule; cluster: Cluster }> {
  const { actor } = request;
  const visibility = visibilityOf(actor, 'cluster:read');
  const schedule = await findVisibleSchedule(deps.db, { visibility, id });
  const cluster = schedule === null ? null : await findVisibleCluster(deps.db, { visibility, id: schedule.clusterId });
  if (schedule === null || cluster === null) throw notFound(id);
  try {
    refuse(deps, { actor, schedule, cluster, action });
  } catch (error) {
    if (error instanceof AppError && error.code === 'FORBIDDEN') {
      const what = { action: auditNames[action], outcome: 'FORBIDDEN', detail: null };
      await audit(deps.db, request, { ...what, ...subjectOf({ ...schedule, cluster }) });
    }
    throw error;
  }
  return { schedule, cluster };
}

const auditNames: Readonly<Record<ScheduleAction, string>> = {
  UPDATE: 'updateSchedule',
  PAUSE: 'pauseSchedule',
  RESUME: 'resumeSchedule',
  RUN_NOW: 'runScheduleNow',
  DELETE: 'deleteSchedule',
  APPROVE: 'approveSchedule',
};

function refuse(
  deps: Engine,
  { actor, action, ...about }: { actor: Actor; schedule: Schedule; cluster: Cluster; action: ScheduleAction },
): void {
  const operation = deps.operations.get(about.schedule.operation);
  const error = whyNotAction(actor, { ...about, operation, approvalEnvironments: deps.approvalEnvironments }, action);
  if (error !== null) throw error;
}

/** `revision`: what the change was made from; left out = it does not matter. */
async function lockFor(tx: Tx, id: string, revision?: number): Promise<Schedule> {
  const schedule = await lockSchedule(tx, id);
  if (schedule === null) throw notFound(id);
  if (revision === undefined || schedule.revision === revision) return schedule;
  throw new AppError('PRECONDITION_FAILED', 'Somebody else changed the schedule at the same moment', {
    hint: 'Look at it again.',
    retryable: true,
  });
}

async function checkOrAudit(deps: Engine, content: ScheduleContent, request: ScheduleRequest, action: string) {
  try {
    return await checkContent(deps, request.actor, content);
  } catch (error) {
    if (error instanceof AppError && error.code === 'FORBIDDEN') {
      const what = { action, outcome: 'FORBIDDEN', subject: content.name.slice(0, 64), clusterId: null };
      await audit(deps.db, request, { ...what, detail: { operation: content.operation } });
    }
    throw error;
  }
}

async function refuseDuplicate({ name, cluster }: CheckedContent, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new AppError('ALREADY_EXISTS', `${cluster.name} has a schedule ${name} already`, {
      hint: 'Choose another name, or change that one.',
      path: ['input', 'name'],
      cause: error,
    });
  }
}

async function readSchedule(deps: Engine, id: string): Promise<Schedule> {
  const schedule = await findSchedule(deps.db, id);
  if (schedule === null) throw notFound(id);
  return schedule;
}

function notFound(id: string): AppError {
  return new AppError('NOT_FOUND', `There is no schedule ${id}`, {
    hint: 'Query `schedules` for their ids.',
    path: ['id'],
  });
}

function ownerOf({ actor }: ScheduleRequest) {
  return { id: actor.id, name: actor.name };
}

function subjectOf({ name, clusterId, cluster }: { name: string; clusterId: string; cluster: Cluster }) {
  return { subject: `${cluster.name}/${name}`, clusterId };
}

function detailOf({ operation, input, cron, timeZone, jitterSeconds, whenMissed }: CheckedContent): JsonObject {
  return { operation, input: redactInput(input), cron, timeZone, jitterSeconds, whenMissed };
}

function audit(
  db: Parameters<typeof insertAudit>[0],
  { actor, requestId }: ScheduleRequest,
  what: { action: string; outcome: string; subject: string; clusterId: string | null; detail: JsonObject | null },
): Promise<void> {
  return insertAudit(db, { actor, requestId: requestId ?? null, runId: null, ...what });
}
