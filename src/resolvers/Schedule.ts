import { nextTimes } from '../domain/cron.ts';
import type { ScheduleFiring as FiringRow, Schedule as ScheduleRow } from '../domain/schedule.ts';
import { redactInput } from '../operations/input/secret-fields.ts';
import { scheduleTime } from '../runs/schedules/may-fire.ts';
import { allowedScheduleActions } from '../runs/schedules/schedule-actions.ts';
import { approvalsForSchedule, whyNotFire } from '../runs/schedules/why-not-fire.ts';
import { checkCount } from './check-count.ts';
import type { RequestContext } from './request-context.ts';

export const Schedule = {
  cluster: (schedule: ScheduleRow, _: unknown, { loaders }: RequestContext) => loaders.cluster.load(schedule.clusterId),
  input: (schedule: ScheduleRow) => redactInput(schedule.input),
  policyId: ({ policy }: ScheduleRow) => policy?.id ?? null,
  policyPart: ({ policy }: ScheduleRow) => policy?.part ?? null,
  approvalsRequired: async (schedule: ScheduleRow, _: unknown, { deps, loaders }: RequestContext) => {
    const operation = deps.operations.get(schedule.operation);
    const cluster = await loaders.cluster.load(schedule.clusterId);
    if (operation === undefined || cluster === null || schedule.isDryRun) return 0;
    const { approvalEnvironments } = deps.engine;
    return approvalsForSchedule(schedule, { operation, cluster, approvalEnvironments });
  },
  approval: ({ approval, contentHash }: ScheduleRow) =>
    approval === null || approval.contentHash !== contentHash
      ? null
      : { by: { id: approval.byId, name: approval.byName }, at: approval.at },
  nextAt: ({ slotAt }: ScheduleRow) => slotAt,
  nextTimes: async (schedule: ScheduleRow, args: { count?: number | null }, { deps, loaders }: RequestContext) => {
    const count = checkCount(args.count ?? 5, { name: 'count', most: 50 });
    const { slotAt } = schedule;
    const now = () => scheduleTime(deps.engine);
    if (slotAt === null) return nextTimes(schedule, { after: await loaders.scheduleTime(now), count });
    return [slotAt, ...nextTimes(schedule, { after: slotAt, count })].slice(0, count);
  },
  whyNotNow: async (schedule: ScheduleRow, _: unknown, { deps, loaders }: RequestContext) => {
    if (schedule.state === 'PAUSED') return null;
    const { approval, owner } = schedule;
    const may = whyNotFire(schedule, {
      at: await loaders.scheduleTime(() => scheduleTime(deps.engine)),
      operation: deps.operations.get(schedule.operation),
      cluster: await loaders.cluster.load(schedule.clusterId),
      calendar: await loaders.calendar.load('whole'),
      owner: await loaders.actor.load(owner.id),
      approver: approval === null ? null : await loaders.actor.load(approval.byId),
      running: await loaders.openRunOfSchedule.load(schedule.id),
      approvalEnvironments: deps.engine.approvalEnvironments,
    });
    return 'reason' in may ? may.reason : null;
  },
  firings: (schedule: ScheduleRow, args: { first?: number | null }, { loaders }: RequestContext) =>
    loaders.firingsOfSchedule({ limit: checkCount(args.first ?? 10, { name: 'first', most: 100 }) }).load(schedule.id),
  allowedActions: async (schedule: ScheduleRow, _: unknown, { deps, loaders, actor }: RequestContext) => {
    const cluster = await loaders.cluster.load(schedule.clusterId);
    if (cluster === null) return [];
    const { approvalEnvironments } = deps.engine;
    const operation = deps.operations.get(schedule.operation);
    return allowedScheduleActions(actor, { schedule, operation, cluster, approvalEnvironments });
  },
};

export const ScheduleFiring = {
  run: ({ runId }: FiringRow, _: unknown, { loaders }: RequestContext) =>
    runId === null ? null : loaders.run.load(runId),
};
