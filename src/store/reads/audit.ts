import { type Selectable, type SqlBool, sql } from 'kysely';
import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import { type RunVia, runVias } from '../../domain/run.ts';
import type { Reader } from '../database.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';
import { isVisible, type Page, pageOf, type Visibility } from './visibility.ts';

export type AuditEvent = {
  readonly number: number;
  readonly at: Date;
  readonly actorId: string;
  readonly actorName: string;
  readonly via: RunVia;
  readonly action: string;
  readonly subject: string | null;
  readonly clusterId: string | null;
  readonly outcome: string;
  readonly detail: Json;
  readonly runId: string | null;
  readonly requestId: string | null;
};

export type AuditListFilter = {
  readonly clusterId?: string | null | undefined;
  readonly runId?: string | null | undefined;
  readonly actorId?: string | null | undefined;
  readonly action?: string | null | undefined;
  readonly outcome?: string | null | undefined;
  /** At or after. */
  readonly since?: Date | null | undefined;
  /** Before. */
  readonly until?: Date | null | undefined;
};

/**
 * Newest first. An actor who holds audit:read only in places sees only events about clusters there; events about the
 * whole installation, and about clusters that are gone, need a role that holds everywhere.
 */
export async function listAudit(
  db: Reader,
  { visibility, filter, page }: { visibility: Visibility; filter: AuditListFilter; page: Page<{ number: number }> },
): Promise<readonly AuditEvent[]> {
  const part = pageOf(page, { columns: ['audit_event.id'], direction: 'desc', values: ({ number }) => [number] });
  const rows = await auditThat(db, { visibility, filter })
    .selectAll('audit_event')
    .where(part.where)
    .orderBy(part.orderBy)
    .limit(page.limit)
    .execute();
  return part.inOrder(rows.map(toAuditEvent));
}

/** How many events fit the filter. */
export async function countAudit(
  db: Reader,
  which: { visibility: Visibility; filter: AuditListFilter },
): Promise<number> {
  const row = await auditThat(db, which)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** One event by its number; null when there is none that the actor may see. */
export async function findAuditEvent(
  db: Reader,
  { visibility, number }: { visibility: Visibility; number: number },
): Promise<AuditEvent | null> {
  const row = await auditThat(db, { visibility, filter: {} })
    .selectAll('audit_event')
    .where('audit_event.id', '=', number)
    .executeTakeFirst();
  return row === undefined ? null : toAuditEvent(row);
}

function auditThat(db: Reader, { visibility, filter }: { visibility: Visibility; filter: AuditListFilter }) {
  const seen = isVisible(visibility, { clusterId: 'cluster.id', environment: 'cluster.environment' });
  let query = db
    .selectFrom('audit_event')
    .leftJoin('cluster', 'cluster.id', 'audit_event.cluster_id')
    .where(sql<SqlBool>`COALESCE(${seen}, FALSE)`);
  if (filter.clusterId != null) query = query.where('audit_event.cluster_id', '=', filter.clusterId);
  if (filter.runId != null) query = query.where('run_id', '=', filter.runId);
  if (filter.actorId != null) query = query.where('actor_id', '=', filter.actorId);
  if (filter.action != null) query = query.where('action', '=', filter.action);
  if (filter.outcome != null) query = query.where('outcome', '=', filter.outcome);
  if (filter.since != null) query = query.where('audit_event.at', '>=', filter.since);
  if (filter.until != null) query = query.where('audit_event.at', '<', filter.until);
  return query;
}

function toAuditEvent(row: Selectable<Tables['audit_event']>): AuditEvent {
  return {
    number: row.id,
    at: row.at,
    actorId: row.actor_id,
    actorName: row.actor_name,
    via: z.enum(runVias).parse(row.via),
    action: row.action,
    subject: row.subject,
    clusterId: row.cluster_id,
    outcome: row.outcome,
    detail: row.detail === null ? null : fromJson(z.json(), row.detail),
    runId: row.run_id,
    requestId: row.request_id,
  };
}
