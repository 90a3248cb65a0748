import type { Actor } from '../../domain/access.ts';
import type { JsonObject } from '../../domain/json.ts';
import { databaseNow, type Queryable } from '../database.ts';
import { toJson } from '../json.ts';

export type NewAuditEvent = {
  actor: Pick<Actor, 'id' | 'name' | 'via'>;
  action: string;
  subject: string | null;
  clusterId: string | null;
  outcome: string;
  detail: JsonObject | null;
  runId: string | null;
  requestId: string | null;
};

/** Adds to the audit log, which is never changed afterwards. */
export async function insertAudit(db: Queryable, event: NewAuditEvent): Promise<void> {
  await db
    .insertInto('audit_event')
    .values({
      at: databaseNow,
      actor_id: event.actor.id,
      actor_name: event.actor.name,
      via: event.actor.via,
      action: event.action,
      subject: event.subject === null ? null : event.subject.slice(0, 255),
      cluster_id: event.clusterId,
      outcome: event.outcome,
      detail: event.detail === null ? null : toJson(event.detail),
      run_id: event.runId,
      request_id: event.requestId,
    })
    .execute();
}
