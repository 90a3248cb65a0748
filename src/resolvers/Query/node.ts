import { can, canSomewhere } from '../../domain/access.ts';
import { findPerson } from '../../store/access/access.ts';
import { findAlert } from '../../store/alerts/alerts.ts';
import { findAuditEvent } from '../../store/reads/audit.ts';
import { findVisibleBackups } from '../../store/reads/backups.ts';
import { findApproval } from '../../store/reads/runs.ts';
import { findUpgrade } from '../../store/reads/upgrades.ts';
import { visibilityOf } from '../../store/reads/visibility.ts';
import { findReleaseById } from '../../store/upgrades/releases.ts';
import { type RequestContext, readableBy } from '../request-context.ts';
import { ifVisible } from './alert.ts';

/** Whatever has this id, unless the actor may not see the cluster it belongs to. */
export async function node(_: unknown, { id }: { id: string }, context: RequestContext): Promise<object | null> {
  const { loaders, deps, actor } = context;
  switch (id.split('_')[0]) {
    case 'clu':
      return loaders.cluster.load(id);
    case 'run':
      return loaders.run.load(id);
    case 'nod':
      return ifClusterVisible(await loaders.node.load(id), context);
    case 'hst':
      return ifClusterVisible(await loaders.host.load(id), context);
    case 'rep':
      return ifClusterVisible(await loaders.report.load(id), context);
    case 'bak':
      return (await findVisibleBackups(deps.db, { visibility: readableBy(actor), ids: [id] }))[0] ?? null;
    case 'alr':
      return ifVisible(await findAlert(deps.db, id), context);
    case 'apr': {
      const approval = await findApproval(deps.db, id);
      return approval !== null && (await loaders.run.load(approval.runId)) !== null ? approval : null;
    }
    case 'upg':
      return ifClusterVisible(await findUpgrade(deps.db, id), context);
    case 'per':
      return can(actor, 'access:manage', null) || id === actor.id ? findPerson(deps.db, id) : null;
    case 'aud': {
      const number = Number(/^aud_(\d{1,15})$/.exec(id)?.[1] ?? Number.NaN);
      if (Number.isNaN(number) || !canSomewhere(actor, 'audit:read')) return null;
      const found = await findAuditEvent(deps.db, { visibility: visibilityOf(actor, 'audit:read'), number });
      return found === null ? null : { ...found, id };
    }
    case 'rel':
      return canSomewhere(actor, 'cluster:read') ? findReleaseById(deps.db, id) : null;
    default:
      return null;
  }
}

async function ifClusterVisible<T extends { readonly clusterId: string }>(
  found: T | null,
  { loaders }: RequestContext,
): Promise<T | null> {
  return found !== null && (await loaders.cluster.load(found.clusterId)) !== null ? found : null;
}
