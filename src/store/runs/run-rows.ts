import type { Selectable } from 'kysely';
import { z } from 'zod';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { KeptPlan, Lane } from '../../domain/plan.ts';
import {
  type BeforeUndo,
  type Failure,
  type Outcome,
  type PostCheck,
  type Progress,
  type Run,
  type RunEvent,
  type RunStep,
  runEventTypes,
  runStates,
  runVias,
  stepPhases,
  stepStates,
  type TemporaryChange,
} from '../../domain/run.ts';
import { stepEffects, subjectKinds } from '../../domain/subject.ts';
import { type ClusterRef, targetKinds } from '../../domain/target.ts';
import { errorCodes } from '../../errors.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';

const json: z.ZodType<Json> = z.json();
const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), json);
export const failure: z.ZodType<Failure> = z.object({
  code: z.enum(errorCodes),
  message: z.string(),
  hint: z.string().nullable(),
  step: z.number().nullable(),
  log: z.array(z.string()).optional(),
});
const progress: z.ZodType<Progress> = z.object({
  completed: z.number(),
  total: z.number().nullable(),
  message: z.string(),
  memo: jsonObject.optional(),
});
const check = z.object({
  name: z.string(),
  status: z.enum(['PASS', 'FAIL', 'SKIPPED']),
  severity: z.enum(['BLOCK', 'WARN', 'INFO']),
  observed: z.string(),
  wanted: z.string(),
  hint: z.string().nullable(),
});
export const checksShape = z.array(check);
const postCheck: z.ZodType<PostCheck> = z.object({
  passed: z.boolean(),
  checks: checksShape,
  facts: jsonObject.optional(),
});
const lane: z.ZodType<Lane> = z
  .object({ stage: z.string(), name: z.string(), width: z.number(), independent: z.literal(true).optional() })
  .transform(({ independent, ...rest }) => ({ ...rest, ...(independent === undefined ? {} : { independent }) }));
const stepEffect = z.enum(stepEffects);
const subjectKind = z.enum(subjectKinds);
const step = z.object({ kind: z.string(), title: z.string(), params: jsonObject, lane: lane.optional() });
const plan: z.ZodType<KeptPlan> = z.object({
  operation: z.string(),
  operationVersion: z.number(),
  summary: z.string(),
  steps: z.array(step),
  notes: z.array(z.string()),
  // Missing in rows that were written before this field existed.
  generated: z.array(z.string()).default([]),
  hash: z.string(),
});
const outcome: z.ZodType<Outcome> = z.object({
  state: z.enum(['SUCCEEDED', 'FAILED', 'CANCELED', 'UNDONE', 'PAUSED']),
  failure: failure.nullable(),
  progress: progress.nullable().optional(),
});
const beforeUndo: z.ZodType<BeforeUndo> = z.object({
  state: z.enum(runStates),
  failure: failure.nullable(),
  progress: progress.nullable(),
  postCheck: postCheck.nullable(),
  finishedAt: z
    .string()
    .transform((text) => new Date(text))
    .nullable(),
});

// Made once: making a zod schema costs a hundred times as much as using it.
const runState = z.enum(runStates);
const runVia = z.enum(runVias);
const targetKind = z.enum(targetKinds);
const stepPhase = z.enum(stepPhases);
const stepState = z.enum(stepStates);
const eventType = z.enum(runEventTypes);
const changeState = z.enum(['OPEN', 'RESTORED']);

/*
 * A worker reads the run and its steps before each thing it does, while the texts of what was planned stay the same:
 * parsing a text again costs a hundred times as much as finding the value parsed before. These values are frozen.
 */
const readPlan = remembering(plan, 50);
const readParams = remembering(jsonObject, 5_000);
const readLane = remembering(lane, 5_000);

function remembering<T>(shape: z.ZodType<T>, most: number): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const value = deepFreeze(fromJson(shape, text));
    if (known.size >= most) known.clear();
    known.set(text, value);
    return value;
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}

function optional<T>(shape: z.ZodType<T>, text: string | null): T | null {
  return text === null ? null : fromJson(shape, text);
}

/**
 * The cluster of a run that has steps. Runs about several clusters, or about none, have no steps, and this program makes
 * no such runs.
 */
export function clusterOf(
  row: Pick<Selectable<Tables['run']>, 'cluster_id' | 'cluster_name' | 'environment'>,
): ClusterRef {
  const { cluster_id: id, cluster_name: name, environment } = row;
  if (id === null || name === null || environment === null) throw new Error('a run with steps is about no cluster');
  return { id, name, environment };
}

export function toRun(row: Selectable<Tables['run']>): Run {
  const cluster = clusterOf(row);
  return {
    id: row.id,
    number: row.number,
    operation: row.operation,
    operationVersion: row.operation_version,
    targetKind: targetKind.parse(row.target_kind),
    clusterId: cluster.id,
    clusterName: cluster.name,
    environment: cluster.environment,
    state: runState.parse(row.state),
    input: fromJson(jsonObject, row.input),
    plan: readPlan(row.plan),
    requestedById: row.requested_by_id,
    requestedByName: row.requested_by_name,
    via: runVia.parse(row.via),
    reason: row.reason,
    blockedBy: row.blocked_by,
    needsReplan: row.needs_replan === 1,
    wakeAt: row.due_at,
    fence: row.fence,
    outcome: optional(outcome, row.outcome),
    progress: optional(progress, row.progress),
    failure: optional(failure, row.failure),
    postCheck: optional(postCheck, row.post_check),
    beforeUndo: optional(beforeUndo, row.before_undo),
    undoGone: row.undo_gone,
    retryOf: row.retry_of,
    cancelRequested: row.cancel_requested === 1,
    pauseRequested: row.pause_requested === 1,
    revision: row.revision,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}

export function toRunStep(row: Selectable<Tables['run_step']>): RunStep {
  return {
    runId: row.run_id,
    position: row.position,
    phase: stepPhase.parse(row.phase),
    kind: row.kind,
    title: row.title,
    params: readParams(row.params),
    about: { kind: subjectKind.parse(row.about_kind), id: row.about_id, label: row.about_label },
    effect: stepEffect.parse(row.effect),
    leaves: row.leaves,
    removes: row.removes,
    observed: row.observed,
    hold: row.hold,
    state: stepState.parse(row.state),
    attempt: row.attempt,
    repeatAllowed: row.repeat_allowed === 1,
    undoOf: row.undo_of,
    ledgerId: row.ledger_id,
    lane: row.lane === null ? null : readLane(row.lane),
    progress: optional(progress, row.progress),
    failure: optional(failure, row.failure),
    facts: optional(jsonObject, row.facts),
    startedAt: row.started_at,
    appliedAt: row.applied_at,
    finishedAt: row.finished_at,
  };
}

export function toRunEvent(row: Selectable<Tables['run_event']>): RunEvent {
  return {
    runId: row.run_id,
    sequence: row.sequence,
    at: row.at,
    type: eventType.parse(row.type),
    step: row.step,
    message: row.message,
  };
}

export function toTemporaryChange(row: Selectable<Tables['temporary_change']>): TemporaryChange {
  return {
    id: row.id,
    runId: row.run_id,
    clusterId: row.cluster_id,
    position: row.position,
    title: row.title,
    before: fromJson(json, row.before_value),
    setting: row.setting,
    until: row.until_at,
    state: changeState.parse(row.state),
    createdAt: row.created_at,
    restoredAt: row.restored_at,
  };
}
