import { can, canSomewhere } from '../../domain/access.ts';
import { findVisibleAlert } from '../../store/reads/alerts.ts';
import { findAuditEvent } from '../../store/reads/audit.ts';
import { findVisibleBackup } from '../../store/reads/backups.ts';
import { findVisibleBlackout, findVisibleHold, findVisibleWindow } from '../../store/reads/calendar.ts';
import { findVisibleReport } from '../../store/reads/clusters.ts';
import { findPerson } from '../../store/reads/persons.ts';
import { findVisiblePolicy } from '../../store/reads/policies.ts';
import { findReleaseById } from '../../store/reads/releases.ts';
import { findVisibleApproval } from '../../store/reads/runs.ts';
import { findVisibleSchedule } from '../../store/reads/schedules.ts';
import { findVisibleUpgrade } from '../../store/reads/upgrades.ts';
import { visibilityOf } from '../../store/reads/visibility.ts';
import { findSeenRepository } from '../Repository.ts';
import { type RequestContext, readableBy } from '../request-context.ts';

/** The object with this id, unless the actor may not see the cluster it belongs to. */
export async function node(_: unknown, { id }: { id: string }, context: RequestContext): Promise<object | null> {
  const {
    loaders,
    actor,
    deps: { db },
  } = context;
  const seen = { visibility: readableBy(actor), id };
  switch (id.split('_')[0]) {
    case 'clu':
      return loaders.cluster.load(id);
    case 'run':
      return loaders.run.load(id);
    case 'nod':
      return loaders.node.load(id);
    case 'hst':
      return loaders.host.load(id);
    case 'rep':
      return findVisibleReport(db, seen);
    case 'bak':
      return findVisibleBackup(db, seen);
    case 'rpy':
      return findSeenRepository(id, context);
    case 'bpl':
      return (await findVisiblePolicy(db, seen))?.policy ?? null;
    case 'alr':
      return findVisibleAlert(db, seen);
    case 'apr':
      return findVisibleApproval(db, seen);
    case 'upg':
      return findVisibleUpgrade(db, seen);
    case 'win':
      return findVisibleWindow(db, seen);
    case 'blk':
      return findVisibleBlackout(db, seen);
    case 'hld':
      return findVisibleHold(db, seen);
    case 'sch':
      return findVisibleSchedule(db, seen);
    case 'per':
      return can(actor, 'access:manage', null) || id === actor.id ? findPerson(db, id) : null;
    case 'aud': {
      const number = Number(/^aud_(\d{1,15})$/.exec(id)?.[1] ?? Number.NaN);
      if (Number.isNaN(number)) return null;
      const found = await findAuditEvent(db, { visibility: visibilityOf(actor, 'audit:read'), number });
      return found === null ? null : { ...found, id };
    }
    case 'rel':
      return canSomewhere(actor, 'cluster:read') ? findReleaseById(db, id) : null;
    default:
      return null;
  }
}
