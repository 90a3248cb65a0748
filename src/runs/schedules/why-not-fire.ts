import { type Actor, can, nobodyName, type Permission } from '../../domain/access.ts';
import { approvalsRequired } from '../../domain/approval.ts';
import type { Calendar, Inaction, InactionCode } from '../../domain/calendar.ts';
import { whyUnreadable } from '../../domain/cron.ts';
import type { Schedule } from '../../domain/schedule.ts';
import type { ClusterRef } from '../../domain/target.ts';
import { whyNotNow } from '../../domain/why-not-now.ts';
import type { AnyOperation } from '../../operations/define.ts';

/** Everything on which it depends whether a schedule may begin something at a moment. */
export type Circumstances = {
  readonly at: Date;
  readonly operation: AnyOperation | undefined;
  readonly cluster: ClusterRef | null;
  readonly calendar: Calendar;
  /** The owner and the approver with the roles they hold now; null = they do not exist, or were shut out. */
  readonly owner: Actor | null;
  readonly approver: Actor | null;
  /** The run of the schedule that has not ended. */
  readonly running: { readonly id: string; readonly number: number; readonly state: string } | null;
  readonly approvalEnvironments: readonly string[];
};

/** Why a schedule begins nothing now, and the run that is the reason; null = there is no such run. */
export type Stopped = { readonly reason: Inaction; readonly runId: string | null };

export type MayFire = { readonly operation: AnyOperation; readonly cluster: ClusterRef; readonly owner: Actor };

/**
 * Whether a schedule may begin something: its times can be read, the operation and the cluster are there, no hold, blackout or closed window, the
 * owner may still do it, the approval holds, and no run of it goes on. A schedule that only makes plans needs no approval.
 */
export function whyNotFire(schedule: Schedule, given: Circumstances): MayFire | Stopped {
  const { at, operation, cluster, owner, running } = given;
  if (operation === undefined)
    return stopped('REFUSED', `This Starwarden does not know the operation ${schedule.operation}`);
  const unreadable = whyUnreadable(schedule);
  if (unreadable !== null)
    return stopped('REFUSED', `The times of the schedule cannot be read, so it has no next one: ${unreadable}`);
  if (cluster === null) return stopped('REFUSED', 'The cluster is not registered any more');
  const { id: clusterId, environment } = cluster;
  const held = whyNotNow(given.calendar, { at, clusterId, environment, risk: operation.risk });
  if (held !== null) return { reason: held, runId: null };
  if (owner === null)
    return stopped('OWNER_NOT_ENTITLED', `${schedule.owner.name}, who owns the schedule, was shut out`);
  if (owner.name === nobodyName) {
    const message = `The schedule is owned by ${owner.name}, as whom everybody acts while no login is needed: a person with a role has to change it, and owns it then`;
    return stopped('OWNER_NOT_ENTITLED', message);
  }
  const missing = permissionsOfOwner(schedule, operation).find((need) => !can(owner, need, { clusterId, environment }));
  if (missing !== undefined) {
    const message = `${owner.name}, who owns the schedule, does not have the permission ${missing} on ${cluster.name} any more`;
    return stopped('OWNER_NOT_ENTITLED', message);
  }
  const unapproved = schedule.isDryRun ? null : whyNotApproved(schedule, { ...given, operation, cluster });
  if (unapproved !== null) return stopped('NOT_APPROVED', unapproved);
  if (running === null) return { operation, cluster, owner };
  const message = `R-${running.number} of this schedule goes on (${running.state}), and is not overtaken`;
  return { reason: { code: 'STILL_RUNNING', message }, runId: running.id };
}

/** What the owner has to be allowed on the cluster: a policy's schedules come with the policy. */
function permissionsOfOwner({ policy }: Schedule, operation: AnyOperation): readonly Permission[] {
  return policy === null ? ['schedule:manage', operation.permission] : [operation.permission];
}

type About = Pick<Circumstances, 'approvalEnvironments'> & Omit<MayFire, 'owner'>;

/** How many people have to agree to a schedule, once. Those of a policy are agreed to where the policy is armed. */
export function approvalsForSchedule(schedule: Pick<Schedule, 'policy'>, about: About): number {
  const { operation, cluster, approvalEnvironments } = about;
  const required = approvalsRequired(operation.risk, { environment: cluster.environment, approvalEnvironments });
  return schedule.policy === null ? required : Math.min(required, 1);
}

function whyNotApproved(schedule: Schedule, about: About & Pick<Circumstances, 'approver'>): string | null {
  const required = approvalsForSchedule(schedule, about);
  if (required === 0) return null;
  const { operation, cluster, approver, approvalEnvironments } = about;
  if (required > 1) return `${operation.title} on ${cluster.name} needs ${required} people who look at its plan`;
  const { approval } = schedule;
  if (approval === null || approval.contentHash !== schedule.contentHash)
    return 'Nobody has approved the schedule as it is now';
  // Who may arm a policy alone is the policy's rule; where approvals are needed it is never its owner.
  const mayBeOwners = schedule.policy !== null && !approvalEnvironments.includes(cluster.environment);
  if (approval.byId === schedule.owner.id && !mayBeOwners)
    return `${approval.byName} owns the schedule, and somebody else has to approve it`;
  const target = { clusterId: cluster.id, environment: cluster.environment };
  return approver !== null && can(approver, 'run:approve', target)
    ? null
    : `${approval.byName}, who approved the schedule, may not approve on ${cluster.name} any more`;
}

function stopped(code: InactionCode, message: string): Stopped {
  return { reason: { code, message }, runId: null };
}
