import { type AccessTarget, type Actor, can, type Permission } from '../../domain/access.ts';
import type { CalendarScope } from '../../domain/calendar.ts';
import type { JsonObject } from '../../domain/json.ts';
import { AppError } from '../../errors.ts';
import { insertAudit } from '../access/audit.ts';
import type { Database, Queryable } from '../database.ts';
import { findVisibleCluster, listEnvironments } from '../reads/clusters.ts';
import { visibilityOf } from '../reads/visibility.ts';

/** Who changes the calendar, for rights and the audit log. */
export type CalendarChange = { readonly actor: Actor; readonly requestId: string | null };

/** A scope that was looked at with the actor's rights, and how people call it: `prod-eu`, `all clusters of prod`. */
export type KnownScope = { readonly scope: CalendarScope; readonly called: string };

type Wanted = {
  readonly by: CalendarChange;
  readonly scope: CalendarScope;
  readonly permission: Permission;
  readonly action: string;
};

/**
 * Lets a change pass if the actor holds the permission for the whole scope: one for everything needs it everywhere. Throws
 * `NOT_FOUND` for a cluster or a label that there is not, or that the actor may not see, and `FORBIDDEN`, which is in the
 * audit log.
 */
export async function authorizeScope(db: Database, wanted: Wanted): Promise<KnownScope> {
  const { by, scope, permission, action } = wanted;
  const { called, target } = await lookUp(db, by.actor, scope);
  if (can(by.actor, permission, target)) return { scope, called };
  await auditChange(db, by, { action, called, scope, outcome: 'FORBIDDEN' });
  const where = scope.kind === 'all' ? ' everywhere' : '';
  throw new AppError('FORBIDDEN', `${by.actor.name} may not do this for ${called}`, {
    hint: `It needs the permission ${permission}${where}; ask an ADMIN for a role that has it.`,
  });
}

export function auditChange(
  db: Queryable,
  { actor, requestId }: CalendarChange,
  what: { action: string; called: string; scope: CalendarScope; outcome: 'DONE' | 'FORBIDDEN'; detail?: JsonObject },
): Promise<void> {
  return insertAudit(db, {
    actor,
    requestId,
    action: what.action,
    subject: what.called,
    clusterId: what.scope.kind === 'cluster' ? what.scope.clusterId : null,
    outcome: what.outcome,
    detail: what.detail ?? null,
    runId: null,
  });
}

async function lookUp(
  db: Database,
  actor: Actor,
  scope: CalendarScope,
): Promise<{ called: string; target: AccessTarget }> {
  const visibility = visibilityOf(actor, 'cluster:read');
  switch (scope.kind) {
    case 'all':
      return { called: 'all clusters', target: null };
    case 'environment': {
      const { environment } = scope;
      const known = await listEnvironments(db, visibility);
      // A label with a slip of the pen would cover nothing, and nobody would notice.
      if (!known.includes(environment)) {
        throw new AppError('NOT_FOUND', `No cluster that you may see has the environment ${environment}`, {
          hint: known.length === 0 ? 'Register a cluster with this label first.' : `There is: ${known.join(', ')}.`,
          path: ['input', 'environment'],
        });
      }
      // No cluster has an empty id: only a role everywhere or for the label covers this.
      return { called: `all clusters of ${environment}`, target: { clusterId: '', environment } };
    }
    case 'cluster': {
      const cluster = await findVisibleCluster(db, { visibility, id: scope.clusterId });
      if (cluster !== null)
        return { called: cluster.name, target: { clusterId: cluster.id, environment: cluster.environment } };
      throw new AppError('NOT_FOUND', `There is no cluster ${scope.clusterId}`, {
        hint: 'Query `clusters` for their ids.',
        path: ['input', 'clusterId'],
      });
    }
    default:
      return scope satisfies never;
  }
}

/** A reason as it is kept, without blanks around it. Throws `INVALID_INPUT`: it stands wherever people are told what it is for. */
export function checkReason(text: string): string {
  const reason = text.trim();
  if (reason.length >= 3 && reason.length <= 1000) return reason;
  throw new AppError('INVALID_INPUT', 'A reason has 3 to 1000 characters', {
    hint: 'Say in a few words why: people read it where this is told, and in its history.',
    path: ['input', 'reason'],
  });
}
