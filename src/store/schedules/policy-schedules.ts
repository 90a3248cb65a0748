import type { JsonObject } from '../../domain/json.ts';
import { contentHashOf, type Schedule, type ScheduleTimes, type WhenMissed } from '../../domain/schedule.ts';
import { nextSlot } from '../../domain/schedule-times.ts';
import { newId } from '../../ids.ts';
import type { Tx } from '../database.ts';
import { deleteSchedule, insertSchedule, listSchedulesOfPolicy, lockSchedule, replaceContent } from './schedules.ts';

/** One schedule of a policy, named by its part: a tier's name, or `retention`. */
export type PolicyPart = ScheduleTimes & {
  readonly part: string;
  readonly operation: string;
  readonly input: JsonObject;
  readonly whenMissed: WhenMissed;
  /** Only a plan each time; `false` once the policy is armed. */
  readonly isDryRun: boolean;
  /** Who agreed to what this part does, as it is now; null = nobody. */
  readonly approval: { readonly byId: string; readonly byName: string; readonly at: Date } | null;
};

/**
 * Makes the schedules of a policy what the policy says, in the transaction that writes the policy: parts that are new get
 * one, those that are gone lose theirs, and one whose content did not change keeps its next time, its state and what became
 * of its times. The part's operation and input have been checked by the caller, and the times with `mistakesInTimes`.
 * `now` is the time from which the first times count. No schedules = none is left.
 */
export async function setPolicySchedules(
  tx: Tx,
  policy: {
    readonly id: string;
    /** Schedules are named `<name>-<part>`. */
    readonly name: string;
    readonly clusterId: string;
    readonly owner: { readonly id: string; readonly name: string };
    readonly parts: readonly PolicyPart[];
    readonly now: Date;
  },
): Promise<void> {
  const existing = await listSchedulesOfPolicy(tx, policy.id);
  const wanted = new Set(policy.parts.map(({ part }) => part));
  for (const old of existing) if (!wanted.has(old.policy?.part ?? '')) await deleteSchedule(tx, old.id);
  for (const part of policy.parts) {
    const found = existing.find((old) => old.policy?.part === part.part);
    // Read again under its lock: a firing may just have gone on to the next time.
    const old = found === undefined ? null : await lockSchedule(tx, found.id);
    const schedule = scheduleOf(policy, part, old);
    if (old === null) await insertSchedule(tx, schedule);
    else await replaceContent(tx, schedule);
  }
}

function scheduleOf(policy: Parameters<typeof setPolicySchedules>[1], part: PolicyPart, old: Schedule | null) {
  const { part: name, approval, ...content } = part;
  const id = old?.id ?? newId('sch');
  const contentHash = contentHashOf(content);
  const keepsTimes = old !== null && isSameTimes(old, content);
  return {
    ...content,
    id,
    name: `${policy.name.slice(0, 63 - name.length)}-${name}`.slice(-64),
    clusterId: policy.clusterId,
    owner: policy.owner,
    policy: { id: policy.id, part: name },
    // What was agreed to is what this schedule does, whatever else the agreement was about.
    approval: approval === null ? null : { ...approval, contentHash },
    next: keepsTimes
      ? slotOf(old)
      : old?.state === 'PAUSED'
        ? null
        : nextSlot({ id, ...content }, { after: policy.now }),
  };
}

function isSameTimes(a: ScheduleTimes, b: ScheduleTimes): boolean {
  return a.cron === b.cron && a.timeZone === b.timeZone && a.jitterSeconds === b.jitterSeconds;
}

function slotOf({ slotAt, dueAt }: Schedule) {
  return slotAt === null || dueAt === null ? null : { slotAt, dueAt };
}
