import type { Selectable } from 'kysely';
import { z } from 'zod';
import { inactionCodes } from '../../domain/calendar.ts';
import type { JsonObject } from '../../domain/json.ts';
import {
  type FiringPlan,
  firingOutcomes,
  type Schedule,
  type ScheduleFiring,
  scheduleStates,
  whenMissedKinds,
} from '../../domain/schedule.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';

const inputs: z.ZodType<JsonObject> = z.record(z.string(), z.json());
const plans: z.ZodType<FiringPlan> = z.object({
  hash: z.string(),
  summary: z.string(),
  notes: z.array(z.string()),
  steps: z.array(z.string()),
});

export function toSchedule(row: Selectable<Tables['schedule']>): Schedule {
  return {
    id: row.id,
    name: row.name,
    clusterId: row.cluster_id,
    operation: row.operation,
    input: fromJson(inputs, row.input),
    cron: row.cron,
    timeZone: row.time_zone,
    jitterSeconds: row.jitter_seconds,
    whenMissed: z.enum(whenMissedKinds).parse(row.when_missed),
    isDryRun: row.dry_run === 1,
    policy: row.policy_id === null ? null : { id: row.policy_id, part: row.policy_part ?? '' },
    owner: { id: row.owner_id, name: row.owner_name },
    state: z.enum(scheduleStates).parse(row.state),
    stateReason: row.state_reason,
    stateByName: row.state_by_name,
    contentHash: row.content_hash,
    approval: toApprovalOrNull(row),
    slotAt: row.slot_at,
    dueAt: row.due_at,
    retry: row.retry_since === null ? null : { since: row.retry_since, message: row.retry_reason ?? '' },
    revision: row.revision,
    createdAt: row.created_at,
    changedAt: row.changed_at,
  };
}

function toApprovalOrNull(row: Selectable<Tables['schedule']>): Schedule['approval'] {
  const { approved_hash, approved_by_id, approved_by_name, approved_at } = row;
  if (approved_hash === null || approved_by_id === null || approved_at === null) return null;
  return { contentHash: approved_hash, byId: approved_by_id, byName: approved_by_name ?? '', at: approved_at };
}

export function toFiring(row: Selectable<Tables['schedule_firing']>): ScheduleFiring {
  return {
    scheduleId: row.schedule_id,
    slotAt: row.slot_at,
    outcome: z.enum(firingOutcomes).parse(row.outcome),
    runId: row.run_id,
    reason:
      row.reason_code === null
        ? null
        : { code: z.enum(inactionCodes).parse(row.reason_code), message: row.reason ?? '' },
    askedByName: row.asked_by_name,
    attempt: row.attempt,
    note: row.note,
    plan: row.plan === null ? null : fromJson(plans, row.plan),
    decidedAt: row.decided_at,
  };
}
