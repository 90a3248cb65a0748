import type { Actor } from '../../domain/access.ts';
import type { CalendarScope } from '../../domain/calendar.ts';
import { databaseNow, type Queryable, type Tx } from '../database.ts';

/** Who changes where alerts go, and what it is held against. */
export type RoutingChange = {
  readonly actor: Actor;
  readonly requestId: string | null;
  /** Environments of production: their CRITICAL alerts are never left without anybody. */
  readonly approvalEnvironments: readonly string[];
  /** Where alerts go that no route names a channel for; null = nowhere. */
  readonly defaultChannel: string | null;
  /** Names of people who have a Slack account by the configuration. */
  readonly linkedNames: readonly string[];
};

export const permission = 'route:manage';

/** The columns that every row of these tables has. */
export function saidBy({ actor }: Pick<RoutingChange, 'actor'>, reason: string) {
  return { reason, by_id: actor.id, by_name: actor.name, created_at: databaseNow };
}

export function endedBy({ actor }: Pick<RoutingChange, 'actor'>, reason: string) {
  return { ended_at: databaseNow, ended_by_id: actor.id, ended_by_name: actor.name, ended_reason: reason };
}

/** Two changes at once could each be safe and both together not: the second waits for the first. */
export async function lockRouting(tx: Tx): Promise<void> {
  await tx.selectFrom('routing_lock').select('id').forUpdate().execute();
}

/** Whatever was decided about alerts that are open is decided anew. */
export async function decideAnew(db: Queryable): Promise<void> {
  await db.updateTable('escalation').set({ due_at: databaseNow }).execute();
}

/** `all `, `environment prod`, `cluster clu_…`. */
export function scopeKey(scope: CalendarScope): string {
  if (scope.kind === 'all') return 'all';
  return scope.kind === 'environment' ? `environment ${scope.environment}` : `cluster ${scope.clusterId}`;
}
