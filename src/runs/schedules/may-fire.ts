import { type Actor, can, type Permission } from '../../domain/access.ts';
import { approvalsRequired } from '../../domain/approval.ts';
import type { Inaction, InactionCode } from '../../domain/calendar.ts';
import type { Cluster } from '../../domain/cluster.ts';
import type { Schedule } from '../../domain/schedule.ts';
import { whyNotNow } from '../../domain/why-not-now.ts';
import type { AnyOperation } from '../../operations/define.ts';
import { findActorByPersonId } from '../../store/access/actors.ts';
import { readDatabaseTime } from '../../store/database.ts';
import { readWholeCalendar } from '../../store/reads/calendar.ts';
import { findVisibleCluster } from '../../store/reads/clusters.ts';
import type { StandingConsent } from '../../store/runs/new-runs.ts';
import { findOpenRun } from '../../store/schedules/firings.ts';
import type { Engine } from '../engine.ts';

/** The time by which schedules fire. */
export function scheduleTime(deps: Pick<Engine, 'db' | 'scheduleTime'>): Promise<Date> {
  return deps.scheduleTime?.() ?? readDatabaseTime(deps.db);
}

export type Firing = {
  readonly operation: AnyOperation;
  readonly cluster: Cluster;
  /** The owner, with the roles they hold now. */
  readonly actor: Actor;
  readonly consent: StandingConsent | null;
};

/** Why a schedule begins nothing now, and the run that is the reason; null = there is no such run. */
export type Stopped = { readonly reason: Inaction; readonly runId: string | null };

/**
 * Looks at everything that may stop a schedule at this moment: the operation and the cluster are there, no hold, blackout or
 * closed window, the owner may still do it, the approval holds, and no run of it goes on. A schedule that only makes plans
 * needs no approval.
 */
export async function mayFire(deps: Engine, schedule: Schedule, at: Date): Promise<Firing | Stopped> {
  const { db } = deps;
  const operation = deps.operations.get(schedule.operation);
  if (operation === undefined)
    return stopped('REFUSED', `This Starwarden does not know the operation ${schedule.operation}`);
  const cluster = await findVisibleCluster(db, { visibility: 'everywhere', id: schedule.clusterId });
  if (cluster === null) return stopped('REFUSED', 'The cluster is not registered any more');
  const { id: clusterId, environment } = cluster;
  const held = whyNotNow(await readWholeCalendar(db), { at, clusterId, environment, risk: operation.risk });
  if (held !== null) return { reason: held, runId: null };
  const owner = await findActorByPersonId(db, schedule.owner.id, 'SCHEDULE');
  const unfit = whyOwnerMayNot(schedule, { owner, operation, cluster });
  if (unfit !== null || owner === null)
    return stopped('OWNER_NOT_ENTITLED', unfit ?? `${schedule.owner.name} is nobody any more`);
  const approved = schedule.isDryRun ? { consent: null } : await consentTo(deps, schedule, { operation, cluster });
  if ('reason' in approved) return approved;
  const running = await findOpenRun(db, schedule.id);
  if (running !== null) {
    const message = `R-${running.number} of this schedule goes on (${running.state}), and is not overtaken`;
    return { reason: { code: 'STILL_RUNNING', message }, runId: running.id };
  }
  return { operation, cluster, actor: owner, consent: approved.consent };
}

type About = { readonly operation: AnyOperation; readonly cluster: Cluster };

/** What the owner of a schedule has to be allowed on its cluster: a policy's schedules come with the policy. */
export function permissionsOfOwner(
  { policy }: Pick<Schedule, 'policy'>,
  operation: AnyOperation,
): readonly Permission[] {
  return policy === null ? ['schedule:manage', operation.permission] : [operation.permission];
}

function whyOwnerMayNot(schedule: Schedule, { owner, operation, cluster }: About & { owner: Actor | null }) {
  const { name } = schedule.owner;
  if (owner === null) return `${name}, who owns the schedule, was shut out`;
  const target = { clusterId: cluster.id, environment: cluster.environment };
  const missing = permissionsOfOwner(schedule, operation).find((permission) => !can(owner, permission, target));
  return missing === undefined
    ? null
    : `${name}, who owns the schedule, does not have the permission ${missing} on ${cluster.name} any more`;
}

/** How many people have to agree to a schedule, once. Those of a policy are agreed to where the policy is armed. */
export function approvalsForSchedule(
  schedule: Pick<Schedule, 'policy'>,
  { operation, cluster, deps }: About & { deps: Pick<Engine, 'approvalEnvironments'> },
): number {
  const { approvalEnvironments } = deps;
  const required = approvalsRequired(operation.risk, { environment: cluster.environment, approvalEnvironments });
  return schedule.policy === null ? required : Math.min(required, 1);
}

async function consentTo(
  deps: Engine,
  schedule: Schedule,
  about: About,
): Promise<{ consent: StandingConsent | null } | Stopped> {
  const required = approvalsForSchedule(schedule, { ...about, deps });
  if (required === 0) return { consent: null };
  const { operation, cluster } = about;
  if (required > 1)
    return stopped(
      'NOT_APPROVED',
      `${operation.title} on ${cluster.name} needs ${required} people who look at its plan`,
    );
  const { approval } = schedule;
  if (approval === null || approval.contentHash !== schedule.contentHash)
    return stopped('NOT_APPROVED', 'Nobody has approved the schedule as it is now');
  const isOwners = approval.byId === schedule.owner.id;
  // Who may arm a policy alone is the policy's rule; where approvals are needed it is never its owner.
  if (isOwners && (schedule.policy === null || deps.approvalEnvironments.includes(cluster.environment)))
    return stopped('NOT_APPROVED', `${approval.byName} owns the schedule, and somebody else has to approve it`);
  const approver = await findActorByPersonId(deps.db, approval.byId, 'SCHEDULE');
  const target = { clusterId: cluster.id, environment: cluster.environment };
  if (approver === null || !can(approver, 'run:approve', target))
    return stopped(
      'NOT_APPROVED',
      `${approval.byName}, who approved the schedule, may not approve on ${cluster.name} any more`,
    );
  const { byId, byName, at } = approval;
  return { consent: { byId, byName, at, to: `schedule "${schedule.name}"` } };
}

function stopped(code: InactionCode, message: string): Stopped {
  return { reason: { code, message }, runId: null };
}
