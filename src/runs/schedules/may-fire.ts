import type { Actor } from '../../domain/access.ts';
import type { Schedule } from '../../domain/schedule.ts';
import type { ClusterRef } from '../../domain/target.ts';
import { findActorByPersonId } from '../../store/access/actors.ts';
import { readDatabaseTime } from '../../store/database.ts';
import { readWholeCalendar } from '../../store/reads/calendar.ts';
import { findVisibleCluster } from '../../store/reads/clusters.ts';
import type { StandingConsent } from '../../store/runs/new-runs.ts';
import { findOpenRun } from '../../store/schedules/firings.ts';
import type { Engine } from '../engine.ts';
import { approvalsForSchedule, type Stopped, whyNotFire } from './why-not-fire.ts';

/** The time by which schedules fire. */
export function scheduleTime(deps: Pick<Engine, 'db' | 'scheduleTime'>): Promise<Date> {
  return deps.scheduleTime?.() ?? readDatabaseTime(deps.db);
}

export type Firing = {
  readonly cluster: ClusterRef;
  /** The owner, with the roles they hold now. */
  readonly actor: Actor;
  readonly consent: StandingConsent | null;
};

/** Reads what it depends on whether a schedule may begin something at this moment, and says why it may not. */
export async function mayFire(deps: Engine, schedule: Schedule, at: Date): Promise<Firing | Stopped> {
  const { db, approvalEnvironments } = deps;
  const { approval } = schedule;
  const may = whyNotFire(schedule, {
    at,
    operation: deps.operations.get(schedule.operation),
    cluster: await findVisibleCluster(db, { visibility: 'everywhere', id: schedule.clusterId }),
    calendar: await readWholeCalendar(db),
    owner: await findActorByPersonId(db, schedule.owner.id, 'SCHEDULE'),
    approver: approval === null ? null : await findActorByPersonId(db, approval.byId, 'SCHEDULE'),
    running: await findOpenRun(db, schedule.id),
    approvalEnvironments,
  });
  if ('reason' in may) return may;
  const { owner: actor, cluster } = may;
  const isAgreed = approval !== null && approvalsForSchedule(schedule, { ...may, approvalEnvironments }) > 0;
  const to = `schedule "${schedule.name}"`;
  const consent = isAgreed ? { byId: approval.byId, byName: approval.byName, at: approval.at, to } : null;
  return { actor, cluster, consent };
}
