import { type Actor, can, type Permission } from '../../domain/access.ts';
import { approvalsRequired } from '../../domain/approval.ts';
import type { Schedule } from '../../domain/schedule.ts';
import type { ClusterRef } from '../../domain/target.ts';
import { AppError } from '../../errors.ts';
import type { AnyOperation } from '../../operations/define.ts';
import { whyNobody } from '../../store/access/nobody.ts';

export const scheduleActions = ['UPDATE', 'PAUSE', 'RESUME', 'RUN_NOW', 'DELETE', 'APPROVE'] as const;
export type ScheduleAction = (typeof scheduleActions)[number];

export type ScheduleAbout = {
  readonly schedule: Schedule;
  readonly operation: AnyOperation | undefined;
  readonly cluster: ClusterRef;
  readonly approvalEnvironments: readonly string[];
};

/** What this actor may ask of the schedule now. What is not named here is refused. */
export function allowedScheduleActions(actor: Actor, about: ScheduleAbout): readonly ScheduleAction[] {
  return scheduleActions.filter((action) => whyNotAction(actor, about, action) === null);
}

/** Why this actor may not ask this of the schedule now; null = they may. */
export function whyNotAction(actor: Actor, about: ScheduleAbout, action: ScheduleAction): AppError | null {
  const { schedule, cluster } = about;
  const target = { clusterId: cluster.id, environment: cluster.environment };
  const missing = neededFor(about, action).find((permission) => !can(actor, permission, target));
  if (missing !== undefined) {
    return new AppError('FORBIDDEN', `${actor.name} may not do this to schedules on ${cluster.name}`, {
      hint: `It needs the permission ${missing}; ask an ADMIN for a role that has it.`,
    });
  }
  switch (action) {
    case 'UPDATE':
    case 'DELETE':
      if (schedule.policy !== null) return ofPolicy(schedule, schedule.policy);
      return action === 'UPDATE' ? whyNobody(actor) : null;
    case 'PAUSE':
      return schedule.state === 'ACTIVE' ? null : inVain(`The schedule is paused already, by ${schedule.stateByName}`);
    case 'RESUME':
      return schedule.state === 'PAUSED' ? null : inVain('The schedule is not paused');
    case 'RUN_NOW':
      return about.operation === undefined
        ? inVain(`This Starwarden does not know the operation ${schedule.operation}`)
        : null;
    case 'APPROVE':
      return whyNotApprove(actor, about) ?? whyNobody(actor);
    default:
      return action satisfies never;
  }
}

/** To let something begin needs the right to do it; to keep it from beginning does not. */
function neededFor({ operation }: ScheduleAbout, action: ScheduleAction): readonly Permission[] {
  const own = operation === undefined ? [] : [operation.permission];
  switch (action) {
    case 'UPDATE':
    case 'RESUME':
    case 'RUN_NOW':
      return ['schedule:manage', ...own];
    case 'PAUSE':
    case 'DELETE':
      return ['schedule:manage'];
    case 'APPROVE':
      return ['run:approve'];
    default:
      return action satisfies never;
  }
}

function whyNotApprove(actor: Actor, { schedule, operation, cluster, approvalEnvironments }: ScheduleAbout) {
  const { environment } = cluster;
  if (schedule.policy !== null) {
    return new AppError('PRECONDITION_FAILED', `The schedule belongs to policy ${schedule.policy.id}`, {
      hint: 'What the policy deletes is agreed to by arming the policy (armBackupPolicy).',
    });
  }
  const required =
    operation === undefined ? 0 : approvalsRequired(operation.risk, { environment, approvalEnvironments });
  if (required === 0) return inVain('The schedule needs no approval');
  if (actor.id === schedule.owner.id) {
    return new AppError('FORBIDDEN', 'The owner of a schedule cannot approve it', {
      hint: 'Ask another person with the role APPROVER.',
    });
  }
  return schedule.approval?.contentHash === schedule.contentHash
    ? inVain(`The schedule was approved already, by ${schedule.approval.byName}`)
    : null;
}

function ofPolicy({ name }: Schedule, policy: { readonly id: string }): AppError {
  return new AppError('PRECONDITION_FAILED', `${name} belongs to policy ${policy.id}`, {
    hint: 'Change the policy; its schedules follow. A schedule of a policy can be paused, resumed and run now.',
  });
}

function inVain(message: string): AppError {
  return new AppError('PRECONDITION_FAILED', message, { hint: 'Look at the schedule as it is now.' });
}
