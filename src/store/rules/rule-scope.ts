import type { JsonObject } from '../../domain/json.ts';
import type { RuleScope } from '../../domain/rules/override.ts';
import { AppError } from '../../errors.ts';
import { insertAudit } from '../access/audit.ts';
import { authorizeScope, type CalendarChange } from '../calendar/calendar-scope.ts';
import type { Database, Queryable } from '../database.ts';
import { findVisibleClusters, findVisibleNodes } from '../reads/clusters.ts';
import { visibilityOf } from '../reads/visibility.ts';

/** Who changes rules, for rights and the audit log. */
export type RuleChange = CalendarChange;

type Wanted = { readonly by: RuleChange; readonly scope: RuleScope; readonly action: string };

/**
 * Lets a change pass if the actor may manage rules in the whole scope, and answers the environments that it reaches: null =
 * all of them. A node belongs to its cluster. Throws `NOT_FOUND` for what there is not, or what the actor may not see, and
 * `FORBIDDEN`, which is in the audit log.
 */
export async function authorizeRuleScope(db: Database, { by, scope, action }: Wanted): Promise<string | null> {
  const clusterId = 'clusterId' in scope ? scope.clusterId : null;
  const wide = scope.kind === 'node' ? ({ kind: 'cluster', clusterId: scope.clusterId } as const) : scope;
  await authorizeScope(db, { by, scope: wide, permission: 'rule:manage', action });
  const visibility = visibilityOf(by.actor, 'cluster:read');
  if (scope.kind === 'node') {
    const [node] = await findVisibleNodes(db, { visibility, ids: [scope.nodeId] });
    if (node === undefined || node.clusterId !== scope.clusterId)
      throw new AppError('NOT_FOUND', `The cluster has no node ${scope.nodeId}`, {
        hint: 'Query the nodes of the cluster for their ids.',
        path: ['input', 'nodeId'],
      });
  }
  if (scope.kind === 'all') return null;
  if (scope.kind === 'environment') return scope.environment;
  const [cluster] = await findVisibleClusters(db, { visibility, ids: clusterId === null ? [] : [clusterId] });
  return cluster?.environment ?? null;
}

export function auditRuleChange(
  db: Queryable,
  { actor, requestId }: RuleChange,
  what: {
    readonly action: string;
    readonly rule: string;
    readonly scope: RuleScope;
    readonly detail: JsonObject;
    readonly outcome?: 'DONE' | 'REFUSED';
  },
): Promise<void> {
  const { action, rule, scope, detail, outcome = 'DONE' } = what;
  return insertAudit(db, {
    ...{ actor, requestId, action, outcome, detail, runId: null },
    subject: rule,
    clusterId: 'clusterId' in scope ? scope.clusterId : null,
  });
}
